"""The settings of the peers, read as they stand."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from tessera import peers


@pytest.mark.parametrize("name", ["REST_KNOX", "SIMPLE_JWT"])
@pytest.mark.parametrize("written", [None, [], "x"], ids=repr)
def test_what_is_no_dict_counts_as_empty(name, written, monkeypatch):
    read = {"REST_KNOX": peers.knox, "SIMPLE_JWT": peers.simplejwt}[name]
    # Not by `override_settings`: the real packages, once another test has loaded them, crash on what is no dict.
    monkeypatch.setattr(settings, name, written, raising=False)
    read.cache_clear()

    found: Any = read()

    read.cache_clear()
    assert asdict(found) == asdict(type(found)())


def test_what_the_site_wrote_goes_before_the_default_and_the_rest_stays():
    with override_settings(REST_KNOX={"TOKEN_TTL": timedelta(hours=1), "NONSENSE": 1}):
        found = peers.knox()

    assert (timedelta(hours=1), "Token") == (found.TOKEN_TTL, found.AUTH_HEADER_PREFIX)
    assert timedelta(hours=10) == peers.knox().TOKEN_TTL


def test_no_key_that_signs_is_in_a_repr():
    with override_settings(SIMPLE_JWT={"SIGNING_KEY": "sesame" * 8, "VERIFYING_KEY": "sesame" * 8}):
        assert "sesame" not in repr(peers.simplejwt())


def test_every_key_of_the_real_packages_is_known_with_its_default():
    from knox import settings as of_knox
    from rest_framework_simplejwt import settings as of_simplejwt

    def told(defaults, ours):
        missing = defaults.keys() ^ asdict(ours).keys()
        return missing, {key for key, value in asdict(ours).items() if key in defaults and defaults[key] != value}

    # What ours have as None stands for a setting of another package.
    assert told(of_knox.DEFAULTS, peers.Knox()) == (set(), {"EXPIRY_DATETIME_FORMAT"})
    # The two are of its next release.
    assert told(of_simplejwt.DEFAULTS, peers.SimpleJwt()) == ({"ON_LOGIN_FAILED", "ON_LOGIN_SUCCESS"}, {"SIGNING_KEY"})
