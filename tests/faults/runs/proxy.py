"""A proxy that loses the acknowledgement of one commit: the server has done it, nobody is told."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread


@dataclass
class Proxy:
    """Listens on `port`; `lose` says when the next commit's answer is to be dropped."""

    server_port: int
    listener: socket.socket
    lose: Event = field(default_factory=Event)
    lost: Event = field(default_factory=Event)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server_port))
                committing = Event()
                for pump in (self._requests, self._answers):
                    arguments = (client, server, committing)
                    Thread(target=pump, args=arguments, daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket, committing: Event) -> None:
        with suppress(OSError):
            while block := client.recv(65536):
                if b"COMMIT" in block and self.lose.is_set():
                    committing.set()
                server.sendall(block)
        _close(client, server)

    def _answers(self, client: socket.socket, server: socket.socket, committing: Event) -> None:
        with suppress(OSError):
            while block := server.recv(65536):
                if committing.is_set():
                    self.lose.clear()
                    self.lost.set()
                    break
                client.sendall(block)
        _close(client, server)


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def proxied(server_port: int) -> Iterator[Proxy]:
    """Run a proxy in front of a server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy(server_port, listener)
        Thread(target=proxy.serve, daemon=True).start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
