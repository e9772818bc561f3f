"""Which address of this machine phones are let in by."""

import errno
import ipaddress
import socket

from local.processes import StackError

#: Nothing is sent there: a datagram socket that is connected only asks which way would be taken.
_FAR_AWAY = ("203.0.113.1", 9)
_NAME_ONE = "name one that phones on your network reach: enliven up --lan ADDRESS"


class AddressUnfit(StackError):
    """Phones cannot be let in by that address; the message says why, and what to do."""


def choose(wanted: str | None) -> str:
    """The address that is asked for, or that of the default route. Raises AddressUnfit."""
    return _fit(_of_default_route() if wanted is None else wanted)


def _of_default_route() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_FAR_AWAY)
        except OSError as error:
            raise AddressUnfit(
                f"this machine has no default route, so its address is not known; {_NAME_ONE}"
            ) from error
        return str(probe.getsockname()[0])


def _fit(text: str) -> str:
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError as error:
        raise AddressUnfit(
            f"{text!r} is no IPv4 address such as 192.168.1.5; {_NAME_ONE}"
        ) from error
    if address.is_unspecified:
        raise AddressUnfit(f"{address} would listen on every network; {_NAME_ONE}")
    if address.is_loopback:
        raise AddressUnfit(f"{address} is reached from this machine only; {_NAME_ONE}")
    if address.is_global:
        raise AddressUnfit(
            f"{address} is a public address: the Internet would be let in, not a local network"
        )
    with socket.socket() as listener:
        try:
            listener.bind((text, 0))
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise AddressUnfit(f"{address} cannot be listened on: {error.strerror}") from error
            raise AddressUnfit(f"{address} is no address of this machine; {_NAME_ONE}") from error
    return text
