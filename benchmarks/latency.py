"""A network in front of a server: every byte arrives later, as from another place."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from urllib.parse import urlsplit


@contextmanager
def delayed(dsn: str, seconds: float) -> Iterator[str]:
    """Yield a DSN through which every byte takes `seconds` longer, in each direction."""
    network = _Network(urlsplit(dsn).port or 5432, seconds)
    thread = Thread(target=asyncio.run, args=(network.serve(),), daemon=True)
    thread.start()
    network.ready.wait()
    try:
        yield dsn.replace(f":{network.server}/", f":{network.port}/")
    finally:
        network.loop.call_soon_threadsafe(network.ended.set)
        thread.join()


class _Network:
    def __init__(self, server: int, seconds: float) -> None:
        self.server, self.seconds, self.port = server, seconds, 0
        self.ready = Event()

    async def serve(self) -> None:
        """Pass connections on until `ended` is set."""
        self.loop, self.ended = asyncio.get_running_loop(), asyncio.Event()
        listener = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        self.ready.set()
        await self.ended.wait()
        listener.close()

    async def _connect(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, forth = await asyncio.open_connection("127.0.0.1", self.server)
        await asyncio.gather(self._pass(near, forth), self._pass(far, back))

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        # Calls of the loop keep their order, so the bytes do, too.
        while content := await source.read(1 << 16):
            self.loop.call_later(self.seconds, target.write, content)
        self.loop.call_later(self.seconds, target.close)
