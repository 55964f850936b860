"""What is recorded of a log-in, for its user to see: only what the site says, and nothing that could do harm there."""

import pytest

from tessera.models import Grant

ADA = {"username": "ada", "password": "lovelace-1843"}
BOTH = ("address", "agent")


@pytest.fixture
def recorded(client, user, settings):
    """What is recorded of a log-in of ada's, where the site records what `RECORDED` says."""

    def recorded(names, **sent):
        settings.TESSERA = {**settings.TESSERA, "RECORDED": names}
        assert client.post("/auth/login/", ADA, **sent).status_code == 200
        return Grant.objects.values_list("address", "agent").get()

    return recorded


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        pytest.param((), ("", ""), id="nothing"),
        pytest.param(("address",), ("192.0.2.1", ""), id="the address"),
        pytest.param(["agent"], ("", "Analytical Engine/1.0"), id="the agent"),
        pytest.param({*BOTH}, ("192.0.2.1", "Analytical Engine/1.0"), id="both"),
    ],
)
def test_what_the_site_names_is_recorded_and_nothing_else(recorded, names, kept):
    assert recorded(names, REMOTE_ADDR="192.0.2.1", HTTP_USER_AGENT="Analytical Engine/1.0") == kept


def test_without_a_word_of_the_site_nothing_is_recorded(client, user):
    client.post("/auth/login/", ADA, REMOTE_ADDR="192.0.2.1", HTTP_USER_AGENT="Analytical Engine/1.0")

    assert Grant.objects.values_list("address", "agent").get() == ("", "")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param(None, "", id="none"),
        pytest.param("x" * 5_000, "x" * 200, id="5,000 letters"),
        pytest.param("a\x00b\r\nc\x1b[31md\t", "abc[31md", id="control characters"),
        pytest.param("\x85\xad\xa0é  ", "é", id="what Latin-1 has of them"),
        pytest.param("<script>alert(1)</script>", "<script>alert(1)</script>", id="text for a page to escape"),
    ],
)
def test_an_agent_is_cut_and_cleaned(recorded, sent, kept):
    assert recorded(BOTH, REMOTE_ADDR="", **({} if sent is None else {"HTTP_USER_AGENT": sent})) == ("", kept)


@pytest.mark.parametrize(
    ("forwarded", "kept"),
    [
        pytest.param("198.51.100.7, 203.0.113.9", "203.0.113.9", id="the one that the proxy wrote"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", id="of IPv6 its network"),
        pytest.param("x" * 5_000, "x" * 45, id="no address, and long"),
    ],
)
def test_behind_a_proxy_the_address_is_the_one_that_it_tells(recorded, settings, forwarded, kept):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}

    address, _ = recorded(BOTH, HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR="192.0.2.1")

    assert address == kept
