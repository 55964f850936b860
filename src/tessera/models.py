"""The row: each grant has one, for its whole life."""

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tessera.conf import prefixes

LONGEST = MappingProxyType({"client": 64, "label": 100, "address": 45, "agent": 200})
"""The longest texts that a caller may choose."""

LONGEST_REASON = 32

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""The `ends_at` of every revoked grant: it is over by any clock."""


class InstantField(models.DateTimeField):  # type: ignore[type-arg]
    """A moment, aware and in UTC, whatever the site says of `USE_TZ`: local time has an hour that comes twice."""

    def get_prep_value(self, value: Any) -> Any:
        """Give the database a UTC time, without its zone if the site has no `USE_TZ`.

        A moment that a query of such a site's names is without one, as its own columns are: that is local time.
        """
        value = super().get_prep_value(value)
        if isinstance(value, datetime) and not settings.USE_TZ:
            aware = value if timezone.is_aware(value) else timezone.make_aware(value, timezone.get_default_timezone())
            return timezone.make_naive(aware, UTC)
        return value

    def from_db_value(self, value: datetime | None, *_: object) -> datetime | None:
        """Return an aware time."""
        return value.replace(tzinfo=UTC) if value is not None and timezone.is_naive(value) else value


class RowField(models.UUIDField):  # type: ignore[type-arg]
    """The id of a row. On MariaDB it is text, as on MySQL.

    MariaDB's own type takes no UUIDv8 whose variant is the byte 0x80 ("Incorrect uuid value"). That is one in 64 of the
    adopted ones.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return the type of the column."""
        return "char(32)" if connection.vendor == "mysql" else super().db_type(connection)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Give the database what its column holds."""
        value = super().get_db_prep_value(value, connection, prepared)
        return value.hex if connection.vendor == "mysql" and isinstance(value, UUID) else value


class WordField(models.CharField):  # type: ignore[type-arg]
    """A word that is another in capitals. MySQL and MariaDB would take the two for one, unless they are told."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        """Return the type of the column, and how it compares."""
        told = super().db_parameters(connection)
        return told | {"collation": "utf8mb4_bin"} if connection.vendor == "mysql" else told


class Kind(models.TextChoices):
    """What a grant is. It says which purposes its secrets have: personal for a personal one, letter for a letter, and
    access for the others.

    A sign-in may have a refresh token beside it. An adopted one has the key that another package made, until that is
    replaced. A letter is sent to somebody, who trades it, once, for a sign-in or a personal token: see `redeem`.
    """

    SIGN_IN = "sign-in", _("sign-in")
    PERSONAL = "personal", _("personal token")
    MACHINE = "machine", _("machine token")
    ADOPTED = "adopted", _("adopted token")
    LETTER = "letter", _("letter")


class State(models.TextChoices):
    """The state of a grant, for people to read. Only `verify` says whether a token is accepted."""

    LIVE = "live", _("live")
    EXPIRED = "expired", _("expired")
    REVOKED = "revoked", _("revoked")


class Grant(models.Model):
    """Authority that a subject gave to a client. It ends as a whole.

    Rows are written by `tessera.engine` alone. Nothing in them, presented as a credential, is accepted.
    """

    id = RowField(primary_key=True, editable=False)
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="tessera_grants",
    )
    client = WordField(_("client"), max_length=LONGEST["client"], blank=True, default="")
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    label = models.CharField(_("name"), max_length=LONGEST["label"], blank=True, default="")
    scope = models.TextField(_("scope"), blank=True, default="")
    """What its access token may be used for."""

    refresh_scope = models.TextField(null=True, editable=False)  # noqa: DJ001 - "" would be a set of nothing
    """What its refresh token may be traded for, if that is more (RFC 6749 §6)."""

    address = models.CharField(_("address"), max_length=LONGEST["address"], blank=True, default="")
    agent = models.CharField(_("software"), max_length=LONGEST["agent"], blank=True, default="")
    """From where it was asked for, and by what, if that was told."""

    created_at = InstantField(_("created"))
    last_used_at = InstantField(_("last used"), null=True)
    ends_at = InstantField(_("ends"), null=True)
    """The only liveness: `None` for never, `LONG_AGO` once revoked. Not the moment of the revocation, nor even that of
    the making: a server whose clock is behind must not go on accepting, however far behind it is."""

    idle_lifetime = models.DurationField(null=True, editable=False)
    """If it has one, it ends unless it is used within that span: each use puts `ends_at` off, up to `expires_at`."""

    expires_at = InstantField(_("ends at the latest"), null=True)

    access_digest = models.BinaryField(max_length=24, editable=False)
    fingerprint = models.BinaryField(max_length=16, editable=False)
    pepper = models.CharField(_("pepper"), max_length=8, editable=False)
    """Which pepper keyed the digests and the fingerprint, by its public name."""

    # The rest of a pair. No index may name what rotation writes: PostgreSQL would then write to every index each time.
    generation = models.BigIntegerField(null=True, editable=False)
    """How many refresh tokens there were before the current one; `None` for a grant that has none."""

    refresh_digest = models.BinaryField(max_length=24, null=True, editable=False)
    access_expires_at = InstantField(null=True, editable=False)
    previous_access_digest = models.BinaryField(max_length=24, null=True, editable=False)
    """Of the access token before the current one, which is good for `REUSE_WINDOW` after `rotated_at`."""

    rotated_at = InstantField(_("refreshed"), null=True)
    nonce = models.BinaryField(max_length=32, null=True, editable=False)
    """What the current pair was derived with, as long as it may be told again."""

    seen_at = InstantField(null=True, editable=False)
    """When the current access token was first used: its client has it, so nobody has to be told it again."""

    use_due_at = InstantField(null=True, editable=False)
    """From when on a use is written down again, if any is; `None` for the next. In the row, so that a request hands the
    database the present and no other moment: each more costs about 1 % of the request."""

    revoked_at = InstantField(_("revoked"), null=True)
    revoked_reason = models.CharField(_("why"), max_length=LONGEST_REASON, blank=True, default="")

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(subject__isnull=False) | Q(kind=Kind.MACHINE), name="tessera_only_a_machine_has_no_subject"
            ),
        ]

    def __str__(self) -> str:
        return self.hint

    @property
    def hint(self) -> str:
        """How it is shown to people: by a piece of its id, never by letters of a secret."""
        return hint(self.id)

    @property
    def access_ends_at(self) -> datetime | None:
        """When its access token ends by itself: sooner than the grant, if that has a refresh token."""
        ends_at: datetime | None = self.access_expires_at or self.ends_at
        return ends_at

    def is_live(self, now: datetime) -> bool:
        """Whether it has not ended. Its subject may still have gone, or changed the password."""
        return self.ends_at is None or now < self.ends_at

    def is_rotated_within(self, span: timedelta, now: datetime) -> bool:
        """Whether its pair is as young as that by this clock, which may also lie behind the one that rotated it."""
        return self.rotated_at is not None and abs(now - self.rotated_at) < span

    def state(self, now: datetime) -> State:
        """Whether it is live, expired or revoked."""
        if self.revoked_at is not None:
            return State.REVOKED
        return State.LIVE if self.is_live(now) else State.EXPIRED


class SigningKey(models.Model):
    """A key that signs JWTs, or will, or did. `tessera.engine.signing.keys` says which of these it does at a moment.

    What the row holds signs nothing: the key in it is sealed under a pepper, which is not in the database. Rows are no
    affair of the admin.
    """

    id = WordField(primary_key=True, max_length=64, editable=False)
    """The `kid` of what it signs: the thumbprint of its public half (RFC 7638). That of another package has a keyed
    hash of the key."""

    algorithm = models.CharField(max_length=8, editable=False)
    sealed = models.TextField(blank=True, default="", editable=False)
    """The key, encrypted (RFC 7516). Its public half is in there too: a writer of the table must not publish another.

    A key of another package stays in the settings, and nothing of it is here."""

    pepper = models.CharField(max_length=8, editable=False)
    """Which pepper it is sealed under, by its public name."""

    package = models.CharField(max_length=16, blank=True, default="", editable=False)
    """The package that it comes from, if it is none of ours."""

    created_at = InstantField()
    signs_from = InstantField()
    retired_at = InstantField(null=True)
    """When it was told to sign no more."""

    ends_at = InstantField(null=True)
    """Until when something lives that it has signed: it is accepted and published until then, at least. `LONG_AGO` once
    it is accepted no more, whatever it has signed."""

    def __str__(self) -> str:
        return str(self.pk)


def hint(row: UUID) -> str:
    """The site's prefix and eight hex digits of the random part of a row's id."""
    return f"{prefixes()[0]}_{row.hex[-8:]}"
