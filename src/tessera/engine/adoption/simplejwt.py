"""What a site inherits from djangorestframework-simplejwt: the words of its tokens, and the grants that they become."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist, ValidationError
from django.db import DataError, transaction
from django.db.models import Q

from tessera import clock, peers
from tessera.engine.issuance import granted, take
from tessera.engine.keyring import keyring
from tessera.engine.policy import Ask, Policy
from tessera.engine.rows.foreign import Row
from tessera.engine.rows.lookup import inherited, live
from tessera.engine.rows.spelling import key_of
from tessera.engine.rows.storage import alias, storage
from tessera.errors import Malformed
from tessera.format import jws
from tessera.format.former import PACKAGE, Claims, Wording, claims_of, opaques
from tessera.format.opaque import Opaque, Purpose, to_bytes
from tessera.models import Grant, Kind


def wording() -> Wording:
    """How the site's tokens say what they say, and what they have to: as `SIMPLE_JWT` has it."""
    told = peers.simplejwt()
    audience = [told.AUDIENCE] if isinstance(told.AUDIENCE, str) else told.AUDIENCE
    return Wording(
        type=told.TOKEN_TYPE_CLAIM,
        id=told.JTI_CLAIM,
        user=told.USER_ID_CLAIM,
        refresh_end=told.SLIDING_TOKEN_REFRESH_EXP_CLAIM,
        issuer=told.ISSUER,
        audience=None if audience is None else frozenset(audience),
        leeway=told.leeway,
    )


def longest_life() -> timedelta:
    """For how long something may live that was signed a moment ago."""
    return peers.simplejwt().longest_life


def readings_of(page: Iterable[Row]) -> list[tuple[Row, list[Opaque]]]:
    """The rows of the package's table as their tokens have it, with what each names: under the newest pepper first.

    A token is not proved. Who is to use it has to have it, and its signature is looked at then.
    """
    now, ring, found = clock.now(), keyring(), []
    told, known = replace(wording(), issuer=None, audience=None), dict[str, Any]()
    for row in page:
        claims = _claims_of(row, told)
        if claims is not None:
            # A spent one is kept so for as long as any may live that had its id: a sliding one is told again.
            ends = claims.ends_at + (longest_life() if row.is_spent else told.leeway)
            if row.user is None and ends > now and claims.user not in known:
                known[claims.user] = _key_of(claims)
            user = known.get(claims.user) if row.user is None else row.user
            as_told = replace(row, user=user, created=claims.issued_at or row.created, ends=ends)
            found.append((as_told, opaques(claims, ring)))
    return found


def _claims_of(row: Row, told: Wording) -> Claims | None:
    """What its token says. Where the site has blanked that, as some do, it is taken for a refresh token."""
    with suppress(Malformed):
        claims = claims_of(jws.claims_in(jws.parts(to_bytes(row.said)).payload), told)
        if claims.id == row.key:
            return claims
    if row.user is None or row.ends is None:
        return None
    users = get_user_model()._base_manager.using(alias()).filter(pk=row.user)
    name = users.values_list(peers.simplejwt().USER_ID_FIELD, flat=True).first()
    return Claims("refresh", row.key, str(name), row.created, None, row.ends, row.ends, {})


def grant_of(  # noqa: PLR0913, PLR0917 - these are the parts of a grant
    user: AbstractBaseUser, opaque: Opaque, created_at: datetime, ends_at: datetime, digest: bytes, now: datetime
) -> Grant:
    """The grant of a token, not yet stored. `digest` is chance: for a refresh token, no access token was made yet.

    Those tokens are in use, so the site's policy is not asked: they get the terms that `Policy` grants, and their own
    end.
    """
    may_refresh = opaque.purpose is Purpose.REFRESH
    ask = Ask(
        subject=user,
        kind=Kind.SIGN_IN if may_refresh else Kind.ADOPTED,
        client=PACKAGE,
        may_refresh=may_refresh,
        idle_lifetime=peers.simplejwt().REFRESH_TOKEN_LIFETIME if may_refresh else None,
    )
    terms = Policy().judge(ask, now)
    grant = granted(ask, terms, opaque, created_at)
    take(grant, {"ends_at": min(end for end in (ends_at, terms.ends_at) if end is not None)})
    if may_refresh:
        took = {"generation": 0, "refresh_digest": opaque.digest, "access_digest": digest}
        take(grant, {**took, "access_expires_at": created_at})
    return grant


def waiting(now: datetime) -> int:
    """How many live grants stand on a token of the package, whose client has got none of ours yet."""
    with storage:
        rows = Grant.objects.using(alias()).filter(live(now), inherited(PACKAGE))
        return rows.filter(Q(generation=None) | Q(generation=0)).count()


def user_of(claims: Claims) -> AbstractBaseUser | None:
    """The user whom a token names, by what the site tells its users apart by."""
    users: Any = get_user_model()._default_manager.db_manager(alias())
    name = peers.simplejwt().USER_ID_FIELD
    try:
        # A block of its own: what the database refuses to look for must not undo the caller's.
        with storage, transaction.atomic(using=alias()):
            user: AbstractBaseUser = users.get(**{name: claims.user})
    # What its column cannot even hold, such as letters for a number, names nobody.
    except (ObjectDoesNotExist, MultipleObjectsReturned, ValidationError, ValueError, TypeError, DataError):
        return None
    # To a column of numbers, " 1" and "01" are 1 as well. The package writes what it has, and each spelling had a row.
    return user if str(getattr(user, name)) == claims.user else None


def _key_of(claims: Claims) -> Any:
    # Older versions knew no user of what they blacklisted.
    user = user_of(claims)
    return None if user is None else key_of(user)
