"""`manage.py tessera`: make tokens, see them, end them."""

from argparse import SUPPRESS, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping
from inspect import getdoc
from typing import Any

from django.core.management import BaseCommand, CommandParser
from django.core.management.base import DjangoHelpFormatter

from tessera.management.answers import refusals
from tessera.management.subcommands import SUBCOMMANDS, Group, SubCommand


class Formatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the line breaks of the docstrings, so that examples stay as written."""


class Command(BaseCommand):
    """Runs one of `SUBCOMMANDS`."""

    help = "Make tokens, see them, end them."
    requires_system_checks = ["tessera"]

    def add_arguments(self, parser: CommandParser) -> None:
        """One parser for each sub-command, described by its docstring."""
        _add(SUBCOMMANDS, parser)

    def handle(self, *, run: Callable[[BaseCommand, Namespace], None], **options: Any) -> None:
        """Run the sub-command."""
        with refusals():
            run(self, Namespace(**options))


def _add(subcommands: Mapping[str, SubCommand | Group], parser: CommandParser) -> None:
    parsers = parser.add_subparsers(title="sub-commands", metavar="NAME", required=True)
    for name, subcommand in subcommands.items():
        described = subcommand.about if isinstance(subcommand, Group) else getdoc(subcommand.run) or name
        subparser = parsers.add_parser(
            name,
            help=described.partition("\n")[0],
            description=described,
            formatter_class=Formatter,
            parents=[_options_of_django()],
        )
        if isinstance(subcommand, Group):
            _add(subcommand.parts, subparser)
        else:
            subcommand.arguments(subparser)
            subparser.set_defaults(run=subcommand.run)


def _options_of_django() -> CommandParser:
    """What every command understands, understood after the name of the sub-command, too, where people type it."""
    options = BaseCommand().create_parser("", "", add_help=False)
    for action in options._actions:
        action.help = action.default = SUPPRESS  # An option left out here must not undo the one given before.
    return options
