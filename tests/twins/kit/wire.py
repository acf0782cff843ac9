"""Ends of a connection that no polite server makes."""

import asyncio
import socket
import struct

from aiohttp import web

LINGER_NOT = struct.pack("ii", 1, 0)


def drop(request: web.Request) -> None:
    """Closes the connection under a request."""
    if (transport := request.transport) is not None:
        transport.close()


def reset(request: web.Request) -> None:
    """Resets the connection under a request: the other side reads ECONNRESET."""
    transport = request.transport
    if transport is None:
        return
    under: socket.socket | None = transport.get_extra_info("socket")
    if under is not None:
        under.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    if isinstance(transport, asyncio.Transport):
        transport.abort()
