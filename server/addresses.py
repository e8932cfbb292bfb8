"""Where a request comes from: its peer's address, or behind trusted proxies the one that they name."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import Scope

FORWARDED = b"x-forwarded-for"
# So many proxies stand behind each other nowhere; the rest of the header is a client's own invention.
MOST_HOPS = 32

Address = IPv4Address | IPv6Address


class Proxies:
    """The proxies whose word is believed. Everybody can send X-Forwarded-For; only they tell the truth in it."""

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self._trusted = [ip_network(network) for network in trusted]

    def address_of(self, scope: Scope) -> str | None:
        """The nearest address that is no trusted proxy's; None without a peer, as behind a local socket."""
        client = scope.get("client")
        peer = str(client[0]) if client else None
        if not self._trusted or peer is None or not self._trusts(peer):
            return peer
        nearest = peer
        for hop in reversed(_hops(scope)):
            if (address := _parsed(hop)) is None:
                break
            nearest = str(address)
            if not self._trusts(nearest):
                break
        return nearest

    def _trusts(self, text: str) -> bool:
        address = _parsed(text)
        return address is not None and any(address in network for network in self._trusted)


def network_of(address: str | None) -> str | None:
    """Who is counted as one: an address, or the network of 2^64 that one line usually has."""
    if address is None or ":" not in address:
        return address
    parsed = _parsed(address)
    return parsed.exploded[:19] if isinstance(parsed, IPv6Address) else address


def _hops(scope: Scope) -> list[str]:
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == FORWARDED]
    return ",".join(lines).split(",")[-MOST_HOPS:]


def _parsed(text: str) -> Address | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A server that listens on both kinds sees IPv4 clients like this.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
