"""Whom a request comes from, as far as it can be believed."""

import pytest

from tessera.http.address import client_address

OURS, CLIENT, LIE = "10.0.0.1", "203.0.113.7", "198.51.100.9"


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        pytest.param("", 0, OURS, id="no proxy, no header"),
        pytest.param(LIE, 0, OURS, id="no proxy, so the header is the client's own word"),
        pytest.param("", 1, OURS, id="a proxy that wrote nothing"),
        pytest.param(" , ,", 1, OURS, id="a header of commas"),
        pytest.param(CLIENT, 1, CLIENT, id="one proxy"),
        pytest.param(f"{LIE}, {CLIENT}", 1, CLIENT, id="one proxy, and a lie before it"),
        pytest.param(f"{LIE},{CLIENT},10.0.0.2", 2, CLIENT, id="two proxies, and a lie before them"),
        pytest.param(CLIENT, 5, CLIENT, id="more proxies than entries"),
    ],
)
def test_only_what_our_own_proxies_wrote_is_believed(forwarded, proxies, address):
    assert client_address(OURS, forwarded, proxies) == address


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        pytest.param("2001:db8:1:2:aaaa:bbbb:cccc:dddd", "2001:db8:1:2::", id="one of a network"),
        pytest.param("2001:db8:1:2::1", "2001:db8:1:2::", id="another of the same network"),
        pytest.param("2001:0DB8:0001:0002:0:0:0:1", "2001:db8:1:2::", id="spelt at length"),
        pytest.param("2001:db8:1:3::1", "2001:db8:1:3::", id="the neighbouring network"),
        pytest.param("fe80::1%eth0", "fe80::", id="with a zone"),
        pytest.param("::ffff:203.0.113.7", CLIENT, id="an IPv4 address in IPv6 dress"),
        pytest.param(CLIENT, CLIENT, id="an IPv4 address"),
    ],
)
def test_an_ipv6_client_counts_by_its_network(remote, address):
    assert client_address(remote, "", 0) == address


@pytest.mark.parametrize(
    "remote", [pytest.param("", id="a socket without one"), pytest.param("unix:", id="no address")]
)
def test_what_is_no_address_stands_for_itself(remote):
    assert client_address(remote, "", 0) == remote
