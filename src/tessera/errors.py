"""Every way to say no.

    TesseraError
    ├─ NotPresented           no credential was presented, where it takes one
    ├─ InvalidCredential      what was presented opens nothing here
    │  ├─ Malformed           not minted here: its shape or its tag is wrong
    │  │  ├─ MalformedHeader  what carried it cannot be read
    │  │  └─ UnknownKey       it looks like an adopted key, and no row is there
    │  ├─ WrongPurpose        minted here, but not for this door
    │  ├─ WrongClient         minted here, but for another client
    │  └─ Dead                minted here, but it has ended
    │     ├─ Unknown          its row is gone, or holds another secret by now
    │     ├─ Expired
    │     ├─ Revoked
    │     ├─ SubjectGone      the user was deleted or deactivated
    │     ├─ PasswordChanged  the user's password is no longer the one it was made under
    │     └─ Reused           it was traded before, and its grant has now ended
    ├─ InvalidAsk             the ask itself makes no sense
    │  ├─ InvalidScope        no such scope is to be had here
    │  └─ KeyTaken            the key that is to be adopted was adopted before
    ├─ NotAllowed             policy says no
    │  ├─ InsufficientScope   the token is good, and not for this
    │  ├─ LoginRequired       this takes a log-in, or a more recent one
    │  └─ CsrfFailed          it came in a cookie, and maybe from another site
    ├─ TooMany                wait, then try again
    ├─ SecretGone             a secret was asked for that can no longer be read
    └─ StoreDown              the storage does not answer: nothing is known of the credential

Raise the leaf, catch the branch, map the branch.
"""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from tessera.words import gettext_noop as _


class TesseraError(Exception):
    """The base of our errors: a credential, or a request for one, was turned down."""

    code: ClassVar[str] = "error"
    """What a client's code may compare: public, stable, and never translated."""

    def __init__(self, said: Any = "", **parts: object) -> None:
        """What it says, in English or in a lazy translation of Django's, with `%(name)s` for each of its parts.

        As a text, as in a log, it stays as it was said.
        """
        self.args = (said % parts if parts else said,) if said else ()
        self.said, self.parts = said, parts

    def in_words(self, translate: Callable[[str], str] = str) -> str:
        """What it says, in the language of whoever is to read it."""
        told = translate(self.said)
        return told % self.parts if self.parts else told


class NotPresented(TesseraError):
    """No credential was presented, where it takes one."""

    code = "not_authenticated"

    def __init__(self) -> None:
        super().__init__(_("Authentication credentials were not provided."))


class InvalidCredential(TesseraError):
    """What was presented opens nothing here (RFC 6750 §3.1)."""

    code = "invalid_token"

    grant_id: UUID | None = None
    """The grant that it names, where that is known."""


class Malformed(InvalidCredential):
    """Not minted here: the shape or the tag is wrong. That takes no query."""


class MalformedHeader(Malformed):
    """The header that carried it cannot be read. The message is for the client, and holds nothing of what it sent."""


class UnknownKey(Malformed):
    """It looks like an adopted key, and no row is there: that takes a query. Nothing says that it ever was one."""


class WrongPurpose(InvalidCredential):
    """Minted here, but for another purpose than this door admits."""


class WrongClient(InvalidCredential):
    """Minted here, for another client than the one that presents it (RFC 6749 §6)."""


class Dead(InvalidCredential):
    """Minted here, but it has ended. The subclass says why."""


class Unknown(Dead):
    """The row that it names is gone, or holds another secret by now."""


class Expired(Dead):
    """It has passed its `ends_at`."""


class Revoked(Dead):
    """Its grant was revoked."""


class SubjectGone(Dead):
    """The user whom it spoke for was deleted or deactivated."""


class PasswordChanged(Dead):
    """The user's password is no longer the one under which it was made."""


class Reused(Dead):
    """It was traded before, by its owner or by a thief, so its grant has now ended (RFC 9700 §4.14.2)."""


class InvalidAsk(TesseraError):
    """What was asked for makes no sense, whoever asks."""

    code = "invalid_request"


class InvalidScope(InvalidAsk):
    """The scope is unknown, malformed, or wider than the one that was granted (RFC 6749 §5.2)."""

    code = "invalid_scope"


class KeyTaken(InvalidAsk):
    """The key was adopted before. It is not moved to another user, and what has ended is not brought back."""


class NotAllowed(TesseraError):
    """The policy does not allow it to this subject."""

    code = "access_denied"


class LimitReached(NotAllowed):
    """There are as many live tokens as there may be."""


class InsufficientScope(NotAllowed):
    """The token is good, and its scope does not hold all of `scope` (RFC 6750 §3.1)."""

    code = "insufficient_scope"

    def __init__(self, scope: frozenset[str]) -> None:
        super().__init__(_("This takes a token with the scope %(scope)s."), scope=" ".join(sorted(scope)))
        self.scope = scope


class LoginRequired(NotAllowed):
    """What presents the token has to be a person, who has just logged in. A token may have been found or stolen."""

    code = "login_required"


class CsrfFailed(NotAllowed):
    """The credential came in a cookie, which a browser sends for a page of another site, too, and no CSRF token did."""

    code = "csrf_failed"


class TooMany(TesseraError):
    """Too many attempts: wait for `wait` seconds (RFC 6585 §4). `is_first` of those that were refused until then."""

    code = "too_many_attempts"

    def __init__(self, wait: int, *, is_first: bool = True) -> None:
        super().__init__(_("Too many attempts."))
        self.wait = wait
        self.is_first = is_first


class SecretGone(TesseraError):
    """A secret was asked for that was readable only when it was minted."""

    code = "secret_gone"


class StoreDown(TesseraError):
    """The storage does not answer, so nothing is known of the credential: never "invalid", never "valid"."""

    code = "temporarily_unavailable"
