"""The checks of `REST_KNOX` and `SIMPLE_JWT`: no key of the package that a site comes from is silently ignored."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Tags, register

from tessera import conf, peers
from tessera.checks.catalog import say
from tessera.checks.honoured import HONOURED, REMOVED, Key
from tessera.checks.settings import shown
from tessera.checks.site import attempt

BESIDE = MappingProxyType(
    {
        "knox": ("knox", "user.auth_token_set"),
        "rest_framework_simplejwt.token_blacklist": ("simplejwt", "BlacklistedToken"),
    }
)
"""The apps of peers: which package it is to `adopt`, and what reaches its own tokens alone while it is installed."""


@register("tessera", Tags.security)
def prove_they_are_dicts(**_: Any) -> list[CheckMessage]:
    """What a peer has as a dict is one."""
    return [say("E047", setting=setting) for setting in HONOURED if not isinstance(conf.raw(setting), Mapping)]


@register("tessera", Tags.security)
def prove_keys_are_known(**_: Any) -> list[CheckMessage]:
    """Every name in them is a key of the peer, of today."""
    return [
        say("E048", setting=setting, name=name, nearest=REMOVED[setting, name])
        if (setting, name) in REMOVED
        else say("W012", setting=setting, name=shown(name), nearest=_nearest(name, keys))
        for setting, keys in HONOURED.items()
        for name in peers.written(setting)
        if name not in keys
    ]


@register("tessera", Tags.security)
def prove_values_of_keys(**_: Any) -> list[CheckMessage]:
    """Every value is one that its key accepts."""
    return [
        say("E049", setting=setting, name=name, wanted=keys[name].wanted)
        for setting, keys in HONOURED.items()
        for name, value in _known(setting).items()
        if not _holds(setting, name, value)
    ]


def not_honoured(setting: str) -> Iterator[tuple[str, Key]]:
    """The keys whose value would be right for the peer, and cannot or should not work here."""
    for name, value in _known(setting).items():
        if _holds(setting, name, value) and not _works(setting, name, value):
            yield name, HONOURED[setting][name]


@register("tessera", Tags.compatibility)
def tell_what_is_not_honoured(**_: Any) -> list[CheckMessage]:
    """Each such key is named, with the reason and what to set instead."""
    told: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for setting in HONOURED:
        for name, key in not_honoured(setting):
            told[setting, key.reason, key.instead].append(name)
    return [
        say("W013", setting=setting, names=", ".join(names), reason=reason, instead=instead)
        for (setting, reason, instead), names in told.items()
    ]


@register("tessera", Tags.compatibility)
def prove_the_peer_has_gone(**_: Any) -> list[CheckMessage]:
    """No app of a peer, whose names would reach its own tokens only, is installed beside us."""
    return [
        say("W014", app=app, package=package, reach=reach)
        for app, (package, reach) in BESIDE.items()
        if apps.is_installed(app)
    ]


def _known(setting: str) -> dict[str, Any]:
    return {name: value for name, value in peers.written(setting).items() if name in HONOURED[setting]}


def _holds(setting: str, name: str, value: Any) -> bool:
    return attempt(lambda: HONOURED[setting][name].holds(value)) is True


def _works(setting: str, name: str, value: Any) -> bool:
    return attempt(lambda: HONOURED[setting][name].works(value)) is True


def _nearest(name: object, keys: Mapping[str, object]) -> str:
    return get_close_matches(str(name).upper(), keys, n=1, cutoff=0)[0]
