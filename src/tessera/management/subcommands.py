"""The sub-commands of `manage.py tessera`. The docstring of each is its help."""

import json
import secrets
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.core.management import BaseCommand, CommandError, CommandParser

from tessera import clock
from tessera.conf import prefixes
from tessera.engine.issuance import issue
from tessera.engine.policy import Ask
from tessera.engine.pruning import prune
from tessera.engine.revocation import revoke
from tessera.engine.rows.lookup import grants, grants_of, live, one_by_one
from tessera.format import scope
from tessera.format.opaque import expression
from tessera.management.adoption.adopting import adopt, adopt_arguments
from tessera.management.answers import HEADER, as_json, as_line, in_words, json_argument, tell
from tessera.management.keys import list_keys, new_arguments, new_key, retire_arguments, retire_key
from tessera.management.names import grants_named, lifetime, user_named
from tessera.models import Kind

_USER = "A user, by what is typed to log in."
_REASON = "command line"
_ISSUED = [kind.value for kind in (Kind.SIGN_IN, Kind.PERSONAL, Kind.MACHINE)]


def _issue_arguments(parser: CommandParser) -> None:
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument("user", metavar="USER", nargs="?", help=_USER)
    subject.add_argument("--no-user", action="store_true", help="A token that speaks for nobody: a machine's.")
    parser.add_argument("--name", default="", help='What it is called in a list, such as "laptop".')
    parser.add_argument("--lifetime", help="30m, 12h, 90d, 2w or never. Default: the site's TOKEN_LIFETIME.")
    parser.add_argument("--kind", choices=_ISSUED, help="Default: personal, and machine without a user.")
    parser.add_argument("--scope", help='What it may be used for, such as "tracks:read tracks:write". Default: all.')
    parser.add_argument("--client", default="", help="The software it is for.")
    json_argument(parser)


def _issue(command: BaseCommand, asked: Namespace) -> None:
    """Make a token and print it, this once.

    The token alone goes to stdout, and what is to be said of it to stderr, so
    that a shell can keep it:

        TOKEN=$(%(prog)s ada --name laptop --lifetime 90d)
    """
    issued = issue(
        Ask(
            subject=None if asked.no_user else user_named(asked.user),
            kind=asked.kind or (Kind.MACHINE if asked.no_user else Kind.PERSONAL),
            client=asked.client,
            label=asked.name,
            scope=None if asked.scope is None else scope.split(asked.scope),
            lifetime=lifetime(asked.lifetime),
        )
    )
    if asked.json:
        command.stdout.write(json.dumps({"token": issued.secret, **as_json(issued.grant, clock.now())}))
    else:
        end = f"ends at {issued.ends_at:%Y-%m-%d %H:%M} UTC" if issued.ends_at else "never ends"
        command.stderr.write(f"This {in_words(issued.grant)} {end}. It cannot be shown again.", str)
        command.stdout.write(issued.secret)


def _list_arguments(parser: CommandParser) -> None:
    parser.add_argument("user", metavar="USER", nargs="?", help=f"{_USER} Default: all of them, and the machines.")
    parser.add_argument("--all", action="store_true", help="Those that have ended, too.")
    json_argument(parser)


def _list(command: BaseCommand, asked: Namespace) -> None:
    """Show the tokens that are live, the newest first.

    The tokens themselves are not kept, and cannot be shown. A live one is
    refused all the same while its user is inactive, and once the user's
    password is another.
    """
    now = clock.now()
    rows = grants() if asked.user is None else grants_of(user_named(asked.user))
    if not asked.json:
        command.stdout.write(HEADER)
    for grant in one_by_one(rows if asked.all else rows.filter(live(now))):
        command.stdout.write(json.dumps(as_json(grant, now)) if asked.json else as_line(grant, now))


def _revoke_arguments(parser: CommandParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("tokens", metavar="TOKEN", nargs="*", default=[], help='An id, a hint or a token; "-": stdin.')
    which.add_argument("--user", help="All tokens of this user.")
    parser.add_argument("--client", help="With --user: only those for this software.")
    parser.add_argument("--keep", metavar="TOKEN", help="With --user: all but this one.")
    json_argument(parser)
    parser.set_defaults(skip_checks=True)  # Whatever else is wrong with a site, what leaked has to end.


def _revoke(command: BaseCommand, asked: Namespace) -> None:
    """End tokens: the very next request with one is refused.

    Each is named by its id, by its hint, or by itself. One that leaked is best
    piped in, where neither the shell's history nor the list of processes has it:

        pbpaste | %(prog)s -

    One that has ended already is no error. One that is not known is, with exit
    code 1, once the others have ended.
    """
    if asked.user is not None:
        _revoke_of_user(command, asked)
    elif (option := next((name for name in ("client", "keep") if getattr(asked, name) is not None), None)) is not None:
        raise CommandError(f"--{option} goes with --user.", returncode=2)
    else:
        _revoke_named(command, asked)


def _revoke_of_user(command: BaseCommand, asked: Namespace) -> None:
    user, named = user_named(asked.user), [] if asked.keep is None else grants_named(asked.keep)
    if asked.keep is not None and [grant.subject for grant in named] != [user]:
        # A slip of the finger must not end the one that was to live.
        raise CommandError("--keep names no single token of this user: nothing has ended.")
    ended = revoke(subject=user, client=asked.client, keep=named[0] if named else None, reason=_REASON)
    tell(command, asked, f"Tokens ended: {ended}.", ended=ended)


def _revoke_named(command: BaseCommand, asked: Namespace) -> None:
    words = [word for typed in asked.tokens for word in (sys.stdin.read().split() if typed == "-" else [typed])]
    unclear = [] if words else ["No token was named."]
    for place, word in enumerate(words, 1):
        match grants_named(word):
            case [grant]:
                ended = revoke(grant, reason=_REASON)
                sentence = f"{'Ended' if ended else 'Had ended already'}: {in_words(grant)}."
                tell(command, asked, sentence, id=str(grant.pk), hint=grant.hint, ended=ended)
            case []:  # What was typed must not be repeated: it may be a token in which one letter is wrong.
                unclear.append(f"Number {place} names no token of this site.")
            case several:
                unclear.append(
                    f"Number {place} may be any of {', '.join(str(grant.pk) for grant in several)}: give the id."
                )
    if unclear:
        raise CommandError("\n".join(unclear))


def _prune(command: BaseCommand, asked: Namespace) -> None:
    """Delete the rows of tokens that ended longer ago than the site's RETENTION.

    It takes small steps and rests as long as it works, so requests go on beside
    it. It can be killed and run again. Let a timer run it each night. An adopted
    token that has ended keeps its row for as long as the table that its key
    came from holds keys, or the key that signed it is trusted: it would be
    taken over again, as if it were new.
    """
    gone = prune()
    tell(command, asked, f"Rows deleted: {gone}.", deleted=gone)


def _pepper_arguments(parser: CommandParser) -> None:
    parser.set_defaults(skip_checks=True)  # It is what the check of the peppers asks for.


def _pepper(command: BaseCommand, _: Namespace) -> None:
    """Print a new pepper, the secret that keys every token. It is kept nowhere."""
    command.stderr.write(_HOW_TO_ADD_A_PEPPER, str)
    command.stdout.write(secrets.token_hex(32))


_HOW_TO_ADD_A_PEPPER = """\
Keep it where your other secrets are, never in the repository or the database.
1. Append it to TESSERA["PEPPERS"] on every server: all of them understand what it will mint.
2. Put it first, on every server: it mints from now on.
3. Take an old one away only when every token made under it may end.
Where PEPPERS was empty, tokens were made under SECRET_KEY, and end with the first pepper, unless
tessera.conf.secret_key_pepper is the last of the list.
"""


def _regex(command: BaseCommand, _: Namespace) -> None:
    """Print a regular expression that finds this site's tokens in a text.

    It is for secret scanners, which then know a leaked one when they see it.
    """
    command.stdout.write(expression(prefixes()))


def _no_arguments(parser: CommandParser) -> None:
    pass


@dataclass(frozen=True, slots=True)
class SubCommand:
    """A function to run, and another that adds the arguments it needs."""

    run: Callable[[BaseCommand, Namespace], None]
    arguments: Callable[[CommandParser], None]


@dataclass(frozen=True, slots=True)
class Group:
    """Sub-commands that are about one thing."""

    about: str
    parts: Mapping[str, SubCommand]


SUBCOMMANDS: Mapping[str, SubCommand | Group] = MappingProxyType(
    {
        "issue": SubCommand(_issue, _issue_arguments),
        "list": SubCommand(_list, _list_arguments),
        "revoke": SubCommand(_revoke, _revoke_arguments),
        "adopt": SubCommand(adopt, adopt_arguments),
        "keys": Group(
            "See, make and retire the keys that sign JWTs.",
            {
                "list": SubCommand(list_keys, json_argument),
                "new": SubCommand(new_key, new_arguments),
                "retire": SubCommand(retire_key, retire_arguments),
            },
        ),
        "prune": SubCommand(_prune, json_argument),
        "pepper": SubCommand(_pepper, _pepper_arguments),
        "regex": SubCommand(_regex, _no_arguments),
    }
)
