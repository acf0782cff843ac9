"""nats-py's client as the bus needs it: deliveries straight to a function, secrets read anew for each connection.

A key or certificate that is swapped on disk is used from the next connection on, and a server that ends a connection
because its users have changed is connected to again, instead of being given up for good.
"""

from typing import Any

import nats.errors
from nats.aio.client import Client, Srv

from tradewire.delivery import Handler, Message
from tradewire.errors import ConfigError
from tradewire.nats_credentials import Credentials
from tradewire.runtime import exhaustion

_CUT_OFF = ("authorization violation", "authentication expired", "authentication revoked", "authentication timeout")
"""What a server says to a client that it ends because of who it is, which a reload of its users may mend."""


class Untrusted(nats.errors.Error):
    """A connection is not made, because a secret cannot be read or the server cannot be trusted."""


class NatsClient(Client):
    """The client of one bus."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self.direct: dict[int, Handler] = {}
        self._credentials = credentials

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        handler = self.direct.get(sid)
        if handler is None:
            await super()._process_msg(sid, subject, reply, data, headers)
            return
        try:
            handler(Message(subject.decode(), reply.decode(), bytes(data), bytes(headers) if headers else b""))
        except MemoryError:  # nats-py would note it and read no more
            exhaustion.die()

    async def _connect_to_server(self, s: Srv) -> None:
        # nats-py puts the next connection in the place of one that failed, and leaves that open.
        self.abandon()
        try:
            context = self._credentials.tls_context()
        except ConfigError as error:
            raise Untrusted(str(error)) from None
        if context is not None:
            self.options["tls"] = context
        await super()._connect_to_server(s)

    async def _process_connect_init(self) -> None:
        try:
            await super()._process_connect_init()
        except (OSError, nats.errors.Error, TimeoutError):
            if self._server_info.get("tls_required") and not self._under_tls:
                # nats-py would wait for ever for a connection to end whose handshake has failed.
                self.abandon()
                self._transport = None
            raise
        if self._under_tls:
            # As asyncio's own start_tls does; unaware of TLS, it complains on standard error when the connection ends.
            protocol: Any = getattr(getattr(self._transport, "_io_writer", None), "_protocol", None)
            protocol._over_ssl = True  # noqa: SLF001

    def _connect_command(self) -> bytes:
        # nats-py speaks in the clear to whoever asks for no TLS.
        if self._credentials.wants_tls and not self._server_info.get("tls_required"):
            raise Untrusted("the server offers no TLS, and nats.url or nats.tls_ca asks for it")
        try:
            signer = self._credentials.signer()
        except ConfigError as error:
            raise Untrusted(str(error)) from None
        if signer is not None:
            self._public_nkey, self._signature_cb = signer.public_key, signer.sign
            self._auth_configured = True
        return super()._connect_command()

    async def _process_err(self, err_msg: str) -> None:
        said = err_msg.strip("' \r\n")
        if self.is_connected and any(reason in said.lower() for reason in _CUT_OFF):
            # nats-py would close for good; the reason may be a key that is being swapped.
            error = nats.errors.Error(f"nats: {said}")
            await self._error_cb(error)
            await self._process_op_err(error)
            return
        await super()._process_err(err_msg)

    @property
    def _under_tls(self) -> bool:
        writer = getattr(self._transport, "_io_writer", None)
        return writer is not None and writer is not getattr(self._transport, "_bare_io_writer", None)

    @property
    def peer_certificate_ends(self) -> str:
        """When the certificate of the server that is connected ends, as OpenSSL writes it; empty without TLS."""
        writer = getattr(self._transport, "_io_writer", None)
        tls = writer.get_extra_info("ssl_object") if writer is not None else None
        return str((tls.getpeercert() or {}).get("notAfter", "")) if tls is not None else ""

    def abandon(self) -> None:
        """Closes the connection of an attempt that came to nothing."""
        if self._transport is None:
            return
        self._transport.close()  # type: ignore[no-untyped-call]
        # TLS first takes leave of the server, which may not answer; the socket below would stay open for as long.
        bare = getattr(self._transport, "_bare_io_writer", None)
        if bare is not None:
            bare.close()

    async def send_raw(self, command: bytes = b"") -> None:
        """Writes at once, after what nats-py itself has left for its flusher task, whose waits swallow a cancel."""
        if not self.is_connected or self._transport is None:
            raise nats.errors.OutboundBufferLimitError
        try:
            if self._pending:
                older, self._pending, self._pending_data_size = self._pending, [], 0
                self._transport.writelines(older)
            if command:
                self._transport.write(command)
            await self._transport.drain()  # type: ignore[no-untyped-call]
        except RuntimeError as error:  # so says uvloop of a link that has just gone
            raise ConnectionResetError(str(error)) from error
