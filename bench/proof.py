"""What must hold before anything is timed: each candidate serves whom it should, and refuses whom it should."""

from dataclasses import dataclass

from django.contrib.auth.models import User

from bench import wire
from bench.visits import Visits
from bench.wire import Answer

BAD = ("forged", "random", "unknown")
"""The sorts of requests with a credential that is refused."""


class Wrong(Exception):
    """A candidate does not do what is measured."""


@dataclass(frozen=True)
class Conduct:
    """One answer of each sort, and what ends a token of this candidate from the next request on."""

    answers: dict[str, Answer]
    revocable: bool
    stops_the_deactivated: bool


def examine(visits: Visits) -> Conduct:
    """Send one request of each sort, and look at the answers.

    Raises:
        Wrong: an answer is not what it must be.
    """
    answers = {sort: wire.answer(visits.request(headers[0])) for sort, headers in visits.headers.items()}
    # Once more: the first use of a token may have to be written down.
    answers["valid"] = wire.answer(visits.request(visits.headers["valid"][0]))
    answers["login"] = wire.answer(visits.log_in(visits.people.newcomers[0]))
    visits.forget_newcomers()
    user = visits.people.users[0]
    who = user.pk if visits.candidate.mint else None
    # A token without a look at the database tells the key as text.
    _expect(visits, "valid", str(answers["valid"].body["user"]) == str(who))
    _expect(visits, "login", answers["login"].status == 200)
    for sort in {"bare", *BAD} & set(answers):
        stands = sort == "unknown" and visits.candidate.store is None
        _expect(visits, sort, answers[sort].status == 401 or stands)
    return Conduct(answers, visits.candidate.store is not None, _stops_the_deactivated(visits, user))


def _stops_the_deactivated(visits: Visits, user: User) -> bool:
    User.objects.filter(pk=user.pk).update(is_active=False)
    stopped = wire.answer(visits.request(visits.headers["valid"][0])).status == 401
    User.objects.filter(pk=user.pk).update(is_active=True)
    return stopped


def _expect(visits: Visits, sort: str, holds: bool) -> None:
    if not holds:
        raise Wrong(f"{visits.candidate.name} answered a request of the sort {sort!r} as it should not.")
