"""A network that is silent: what was sent stays on the way, and no end of it is told."""

import socket
import threading
from contextlib import suppress


class Frozen:
    """A way to the database on which, once it is frozen, nothing moves: neither data nor an end."""

    def __init__(self, server_port: int) -> None:
        self.flows = threading.Event()
        self.flows.set()
        self.server_port = server_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server_port))
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError), source, target:
            while block := source.recv(65536):
                self.flows.wait()
                target.sendall(block)
