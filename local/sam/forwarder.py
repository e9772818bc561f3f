"""A TCP port, or a socket in the file system, that leads to another: `LISTEN=TARGET ...`.

The local stack listens on 127.0.0.1 only, where a container cannot reach it. Two of these bridge
two network namespaces by a socket in a private folder, and one bridges from a container bridge's
own address. Neither opens anything to the network. An end is `tcp:HOST:PORT` or `unix:PATH`.
"""

import asyncio
import contextlib
import sys
from asyncio import StreamReader, StreamWriter

_CHUNK_BYTES = 64 * 1024
READY = "ready"


async def _open(target: str) -> tuple[StreamReader, StreamWriter]:
    kind, _, place = target.partition(":")
    if kind == "unix":
        return await asyncio.open_unix_connection(place)
    host, _, port = place.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def _pump(reader: StreamReader, writer: StreamWriter) -> None:
    # A peer that goes away ends its own connection and nothing else.
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def _serve(listen: str, target: str) -> asyncio.Server:
    async def connected(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            far_reader, far_writer = await _open(target)
        except OSError as error:
            sys.stderr.write(f"{listen}: {target} does not answer: {error}\n")
            writer.close()
            return
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            for each in (writer, far_writer):
                each.close()

    kind, _, place = listen.partition(":")
    if kind == "unix":
        return await asyncio.start_unix_server(connected, place)
    host, _, port = place.rpartition(":")
    return await asyncio.start_server(connected, host, int(port))


async def main(pairs: list[str]) -> None:
    """Serve until ended; says so once every end listens."""
    servers = [await _serve(*pair.split("=", 1)) for pair in pairs]
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
