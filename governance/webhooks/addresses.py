"""Where may a message of ours go? Not to the machines beside us, whatever name leads there.

A name is resolved once, every address it has is looked at, and the connection goes to an address that was looked at:
a name that answers differently the second time is not asked a second time.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

LONGEST: Final = 1000

# family, type, protocol, canonical name, address: as socket.getaddrinfo gives them.
Resolved = Sequence[tuple[Any, ...]]
Resolve = Callable[[str, int], Resolved]

# RFC 6052 section 2.1 and RFC 8215: addresses of the old protocol inside those of the new one.
_NAT64: Final = [ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48")]


class AddressRefused(ValueError):
    """Nothing is sent there; the text says why."""


def read_url(url: str, *, allow_http: bool, allow_private: bool) -> SplitResult:
    """Return the parts of an address that messages may be sent to, as far as its text tells. Raises: AddressRefused."""
    if len(url) > LONGEST or not url.isascii() or any(character <= " " or character == "\x7f" for character in url):
        raise AddressRefused(f"An address has at most {LONGEST} ASCII characters and no spaces.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise AddressRefused(f"This is no address: {problem}.") from None
    if parts.scheme != "https" and not (allow_http and parts.scheme == "http"):
        raise AddressRefused("An address begins with https://; plain http must be allowed by COUNTERSIGN_WEBHOOK_HTTP.")
    if not parts.hostname or port == 0:
        raise AddressRefused("An address names a host, as in https://hooks.example.org/countersign.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressRefused(
            "Leave user, password and fragment out: the address stays on record, and the secret signs."
        )
    if not allow_private:
        _refuse_literal(parts.hostname)
    return parts


def checked_addresses(host: str, port: int, *, allow_private: bool, resolve: Resolve) -> Resolved:
    """Resolve a host once and return its addresses, none of which is private. Raises: AddressRefused, OSError."""
    found = resolve(host, port)
    if not allow_private:
        for *_, address in found:
            _refuse(host, str(address[0]))
    if not found:
        raise AddressRefused(f"{host} has no address.")
    return found


def resolve_by_system(host: str, port: int) -> Resolved:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _refuse_literal(host: str) -> None:
    """Refuse at once what needs no resolver, however the number is written (inet_aton takes 127.1 and 0x7f000001)."""
    try:
        text = socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        text = host
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if host == "localhost" or host.endswith(".localhost"):
            raise _refusal(host) from None
        return
    _refuse(host, text)


def _refuse(host: str, text: str) -> None:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        address = _inside(address)
    if not address.is_global or address.is_multicast or address.is_reserved:
        raise _refusal(host)


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the address of the old protocol that one of the new leads to; the address itself when there is none."""
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _refusal(host: str) -> AddressRefused:
    # The address itself is not told: whoever names hosts here shall not map our network by the answers.
    return AddressRefused(
        f"{host} leads to an address that is not public; an operator can allow that by COUNTERSIGN_WEBHOOK_PRIVATE."
    )
