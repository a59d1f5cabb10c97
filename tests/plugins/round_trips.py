"""A proxy that counts how often a client waits for the server, and keeps what it asked."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread
from urllib.parse import urlsplit


class RoundTrips:
    """Listens on a port; `asked` holds what was sent before each answer."""

    def __init__(self, dsn: str) -> None:
        self.asked: list[bytes] = []
        self.port = urlsplit(dsn).port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.dsn = dsn.replace(f":{self.port}/", f":{self.listener.getsockname()[1]}/")
        self._answered, self._lock = True, Lock()

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.port))
                for ends in ((client, server), (server, client)):
                    Thread(target=self._pump, args=(*ends, ends[0] is client), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, asks: bool) -> None:
        with source, suppress(OSError):
            while block := source.recv(65536):
                with self._lock:
                    if asks:
                        self.asked += [b""] if self._answered else []
                        self.asked[-1] += block
                    self._answered = not asks
                sink.sendall(block)
            # The other direction ends with this one, and closes the other socket.
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def counted(dsn: str) -> Iterator[RoundTrips]:
    """Run such a proxy in front of a server or a pooler."""
    trips = RoundTrips(dsn)
    Thread(target=trips.serve, daemon=True).start()
    yield trips
    trips.listener.shutdown(socket.SHUT_RDWR)
    trips.listener.close()
