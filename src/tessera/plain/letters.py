"""Letters on their way: the link to one, the mail that has it, and the page that it leads to.

The letter stands behind the `#` of the link. A browser sends that part nowhere, so it is in no log of a server or a
proxy, and in no `Referer`. A script of the page puts it into the form, and out of the address; without JavaScript it is
pasted. And a program that follows links in mails, to look for what is bad, finds a page that knows nothing.
"""

import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views import View
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from tessera import clock
from tessera.conf import current
from tessera.engine.issuance import Issued
from tessera.engine.letters import CLAIM
from tessera.engine.rates.noise import admit_letter
from tessera.engine.redemption import redeem
from tessera.engine.revocation import revoke
from tessera.errors import TesseraError
from tessera.format.opaque import Purpose
from tessera.http.problems import problem
from tessera.models import Kind
from tessera.web.origin import address_of
from tessera.web.refusals import headers_of
from tessera.web.reports import Sealed
from tessera.web.transactions import outside

LETTER = frozenset({Purpose.LETTER})

CONTENT = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""What the page may contain: its own script and style. Nothing is fetched, from anywhere."""


def link(letter: Issued) -> str:
    """The link to the page of `letter`, whose client is the name of that page's URL.

    It begins with `BASE_URL`. The `Host` of a request is chosen by whoever sends it.

    Raises:
        ImproperlyConfigured: `BASE_URL` is not set.
        NoReverseMatch: there is no URL of that name.
    """
    base = current().BASE_URL
    if not base:
        raise ImproperlyConfigured('TESSERA["BASE_URL"] is not set, and a link begins with it.')
    return f"{base.rstrip('/')}{reverse(letter.grant.client)}#{letter.secret}"


@sensitive_variables()
def mail(user: AbstractBaseUser, letter: Issued) -> None:
    """Send `letter` to the address that is stored of `user`. If there is none, the letter ends.

    The words are those of the templates `tessera/letter_subject.txt` and `tessera/letter_body.txt`.
    """
    address = getattr(user, user.get_email_field_name(), "")
    if not address:
        revoke(letter.grant, reason="no address")
        return
    told = {"user": user, "letter": letter.grant, "link": link(letter)}
    subject = " ".join(render_to_string("tessera/letter_subject.txt", told).split())
    send_mail(subject, render_to_string("tessera/letter_body.txt", told), None, [address])


@method_decorator([sensitive_post_parameters(), csrf_protect], name="dispatch")
class LetterPage(View):
    """A page on which letters are redeemed: `path("claim/", LetterPage.as_view(), name="claim")`.

    GET shows a form and never looks at a letter. POST trades one, and shows what it was traded for, this once. Of those
    that open nothing, all get the same answer: a 401, as anywhere else.
    """

    client: str = CLAIM
    """Whose letters it takes. It is the name of its URL as well, where `link` has to find it."""

    into: Kind = Kind.PERSONAL
    """What they are traded for."""

    template_name: ClassVar[str] = "tessera/letter.html"

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """The view: for who is not signed in, and outside `ATOMIC_REQUESTS`."""
        return outside(login_not_required(super().as_view(**initkwargs)))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and let nobody keep it or look over a shoulder."""
        request.exception_reporter_filter = Sealed()
        self.nonce = secrets.token_urlsafe(16)
        response = super().dispatch(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault("Content-Security-Policy", CONTENT.format(nonce=self.nonce))
        return response

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Show the form."""
        return self.page()

    @method_decorator(sensitive_variables())
    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Redeem the letter, or the one behind the `#` of a whole link that was pasted."""
        letter = request.POST.get("letter", "").strip().rpartition("#")[2]
        try:
            admit_letter(address_of(request), clock.now())
            issued = redeem(letter, accept=LETTER, client=self.client, into=self.into)
        except TesseraError as error:
            return self.refused(error)
        return self.redeemed(issued)

    def redeemed(self, issued: Issued) -> HttpResponseBase:
        """Answer with what the letter was traded for. Override it to do something else with that."""
        return self.page(issued=issued)

    def refused(self, error: TesseraError) -> HttpResponseBase:
        """Say that nothing came of it."""
        told = problem(error, gettext)
        response = self.page(told.status, problem=told)
        for header, value in headers_of(error).items():
            response[header] = value
        return response

    def page(self, status: int = 200, **told: Any) -> HttpResponse:
        """The page, rendered here and now: later, a crash report would show the variables of the template."""
        return render(self.request, self.template_name, {"nonce": self.nonce, **told}, status=status)
