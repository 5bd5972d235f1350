"""A plugin of pytest: nothing but this machine is reached."""

import socket

_connect = socket.socket.connect
_find = socket.getaddrinfo
_HERE = ("127.0.0.1", "::1", "localhost", "", None)


def _is_here(host):
    return host in _HERE or (isinstance(host, bytes) and host.decode() in _HERE)


def connect(self, address):
    """Connect to loopback and to sockets that are files."""
    if isinstance(address, tuple) and not _is_here(address[0]):
        raise OSError("blocked by the benchmark")
    return _connect(self, address)


def getaddrinfo(host, *rest, **named):
    """Look up nothing but loopback."""
    if not _is_here(host):
        raise socket.gaierror("blocked by the benchmark")
    return _find(host, *rest, **named)


socket.socket.connect = connect
socket.getaddrinfo = getaddrinfo
