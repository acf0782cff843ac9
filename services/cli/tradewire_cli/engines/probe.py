"""One plain HTTP GET on loopback, for readiness checks."""

import asyncio
import contextlib


async def get(host: str, port: int, path: str, limit_seconds: float = 2.0) -> tuple[int, bytes] | None:
    """Returns the status and the body, or None when nobody answers sensibly within the limit."""
    with contextlib.suppress(OSError, ValueError, IndexError, EOFError):
        async with asyncio.timeout(limit_seconds):
            return await _get(host, port, path)
    return None


async def _get(host: str, port: int, path: str) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        answer = await reader.read(-1)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body
