"""Free ports below those from which the kernel takes a client's own.

Among the latter, a client that asks a server which does not listen yet can be connected to itself,
and another's connection can take the port before the server does.
"""

import secrets
import socket

_LOWEST, _HIGHEST = 10_000, 22_000


def free_port(*, companion: int = 0) -> int:
    """Return a port that nobody listens on, nor on the one that lies this much above."""
    while True:
        port = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST)
        if all(_is_free(each) for each in {port, port + companion}):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
