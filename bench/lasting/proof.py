"""What must hold before anything is timed: what was refreshed or logged out is refused from the next request on."""

from dataclasses import dataclass

from bench import wire
from bench.candidates.candidate import Lasting
from bench.lasting.visits import TOKENS, SignIn, arrival
from bench.proof import Wrong
from bench.wire import Answer


@dataclass(frozen=True)
class Conduct:
    """One answer to each request, and whether a log-out everywhere ends the access tokens too."""

    refreshed: Answer | None
    logged_out: Answer
    ends_access: bool


def examine(candidate: Lasting) -> Conduct:
    """Refresh twice, log out everywhere, and look at the answers.

    Raises:
        Wrong: an answer is not what it must be.
    """
    refreshed = _refreshed(candidate) if candidate.refresh else None
    user = arrival(candidate, TOKENS - 2)
    phone, laptop = SignIn.of(candidate, user), SignIn.of(candidate, user)
    logged_out = wire.answer(laptop.log_out_all())
    ends_access = wire.answer(phone.log_out_all()).status == 401
    ends_sign_in = wire.answer(phone.refresh()).status == 401 if candidate.refresh else ends_access
    _expect(candidate, "a log-out everywhere", logged_out.status == 204 and ends_sign_in)
    return Conduct(refreshed, logged_out, ends_access)


def _refreshed(candidate: Lasting) -> Answer:
    first = SignIn.of(candidate)
    refreshed = wire.answer(first.refresh())
    again = wire.answer(first.after(refreshed).refresh())
    _expect(candidate, "a refresh", refreshed.status == again.status == 200)
    _expect(candidate, "a refresh token that was traded", wire.answer(first.refresh()).status == 401)
    return refreshed


def _expect(candidate: Lasting, what: str, holds: bool) -> None:
    if not holds:
        raise Wrong(f"{candidate.name} answered {what} as it should not.")
