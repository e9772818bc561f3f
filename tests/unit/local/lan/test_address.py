import socket
from typing import ClassVar

import pytest

from local.lan import address
from local.lan.address import AddressUnfit


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("127.0.0.1", "is reached from this machine only"),
        ("127.1.2.3", "is reached from this machine only"),
        ("0.0.0.0", "would listen on every network"),  # noqa: S104 - it is what is refused
        ("8.8.8.8", "is a public address: the Internet would be let in"),
        ("203.0.113.77", "is no address of this machine"),
        ("fe80::1", "is no IPv4 address"),
        ("192.168.1", "is no IPv4 address"),
        ("laptop.local", "is no IPv4 address"),
        ("", "is no IPv4 address"),
    ],
)
def test_an_address_that_is_not_fit_is_refused_with_a_reason(wanted: str, said: str) -> None:
    with pytest.raises(AddressUnfit, match=said):
        address.choose(wanted)


class _Route(socket.socket):
    """A socket on a machine whose routes the test decides."""

    found: ClassVar[str | OSError]

    def connect(self, _far_away: object) -> None:
        if isinstance(self.found, OSError):
            raise self.found

    def getsockname(self) -> tuple[str | OSError, int]:
        return self.found, 40_000


def test_without_a_default_route_an_address_has_to_be_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_Route, "found", OSError("unreachable"), raising=False)
    monkeypatch.setattr(socket, "socket", _Route)
    with pytest.raises(AddressUnfit, match=r"no default route.*enliven up --lan ADDRESS"):
        address.choose(None)


def test_the_default_routes_address_must_be_fit_as_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_Route, "found", "127.0.0.1", raising=False)
    monkeypatch.setattr(socket, "socket", _Route)
    with pytest.raises(AddressUnfit, match="from this machine only"):
        address.choose(None)
