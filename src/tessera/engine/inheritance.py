"""What a site inherits from djangorestframework-simplejwt: the words of its tokens, and the grants that they become."""

from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist, ValidationError
from django.db import DataError, transaction

from tessera import peers
from tessera.conf import LONGEST_LEEWAY
from tessera.engine.issuance import granted, take
from tessera.engine.policy import Ask, Policy
from tessera.engine.rows.storage import alias, storage
from tessera.format.former import PACKAGE, Claims, Wording
from tessera.format.opaque import Opaque, Purpose
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
        leeway=leeway(),
    )


def leeway() -> timedelta:
    """How much longer than they say the site's tokens live, for clocks that differ."""
    told = peers.simplejwt().LEEWAY
    if isinstance(told, int | float) and isfinite(told):
        told = timedelta(seconds=min(told, LONGEST_LEEWAY.total_seconds()))
    return min(max(told, timedelta(0)), LONGEST_LEEWAY) if isinstance(told, timedelta) else timedelta(0)


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


def user_of(claims: Claims) -> AbstractBaseUser | None:
    """The user whom a token names, by what the site tells its users apart by."""
    users: Any = get_user_model()._default_manager.db_manager(alias())
    try:
        # A block of its own: what the database refuses to look for must not undo the caller's.
        with storage, transaction.atomic(using=alias()):
            user: AbstractBaseUser = users.get(**{peers.simplejwt().USER_ID_FIELD: claims.user})
    # What its column cannot even hold, such as letters for a number, names nobody.
    except (ObjectDoesNotExist, MultipleObjectsReturned, ValidationError, ValueError, TypeError, DataError):
        return None
    return user
