"""Where a request comes from: its peer, or what trusted proxies say; never what a client says of itself."""

from typing import Any

import pytest

from server.addresses import Proxies, network_of
from server.settings import BadSettings, read_settings
from tests.server.conftest import Lines, MakeClient


def scope(peer: str | None, *forwarded: str) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    return {"client": (peer, 1) if peer else None, "headers": headers}


def test_nobody_is_believed_unless_a_setting_says_so() -> None:
    assert Proxies().address_of(scope("127.0.0.1", "203.0.113.9")) == "127.0.0.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # no proxy of ours: its word counts for nothing
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),  # what stands before is the client's invention
        ("10.0.0.1", ["203.0.113.9, 10.0.0.2"], "203.0.113.9"),  # two proxies
        ("10.0.0.1", ["203.0.113.9", "10.0.0.2"], "203.0.113.9"),  # in two headers
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["203.0.113.9:5123"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8::1]:443"], "2001:db8::1"),
        ("10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9" + ", 10.0.0.2" * 100], "10.0.0.2"),
        ("10.0.0.1", ["\xff" * 100], "10.0.0.1"),
        (None, ["203.0.113.9"], None),
    ],
)
def test_the_nearest_address_behind_our_proxies_counts(peer: str | None, forwarded: list[str], address: str) -> None:
    assert Proxies(("10.0.0.0/8",)).address_of(scope(peer, *forwarded)) == address


def test_an_ipv6_line_is_one_and_an_ipv4_address_is_one() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::") != network_of("2001:db8:1:3::")
    assert (network_of("192.0.2.1"), network_of("local"), network_of(None)) == ("192.0.2.1", "local", None)


@pytest.mark.parametrize("given", ["proxy.example", "10.0.0.1/8", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(given: str) -> None:
    with pytest.raises(BadSettings, match="TRUSTED_PROXIES"):
        read_settings(trusted_proxies=given)


def test_requests_are_counted_by_the_address_behind_the_proxy(make_client: MakeClient, log_lines: Lines) -> None:
    client = make_client(rate_limit_per_address=100, rate_limit_seconds=10, trusted_proxies="203.0.113.0/24")
    client._transport.client = ("203.0.113.1", 5)  # type: ignore[attr-defined]
    query = {"query": "{ things(first: 100) { nodes { thing { name } } } }"}

    def status(address: str) -> int:
        return client.post("/graphql", json=query, headers={"x-forwarded-for": address}).status_code

    assert [status("198.51.100.1") for _ in range(8)][-1] == 429
    assert status("198.51.100.2") == 200
