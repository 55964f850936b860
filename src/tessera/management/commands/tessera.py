"""`manage.py tessera`: make tokens, see them, end them."""

from argparse import SUPPRESS, Namespace, RawDescriptionHelpFormatter
from inspect import getdoc
from typing import Any

from django.core.management import BaseCommand, CommandParser
from django.core.management.base import DjangoHelpFormatter

from tessera.management.answers import refusals
from tessera.management.subcommands import SUBCOMMANDS


class Formatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the line breaks of the docstrings, so that examples stay as written."""


class Command(BaseCommand):
    """Runs one of `SUBCOMMANDS`."""

    help = "Make tokens, see them, end them."
    requires_system_checks = ["tessera"]

    def add_arguments(self, parser: CommandParser) -> None:
        """One parser for each sub-command, described by its docstring."""
        parsers = parser.add_subparsers(title="sub-commands", dest="name_of_subcommand", metavar="NAME", required=True)
        for name, subcommand in SUBCOMMANDS.items():
            described = getdoc(subcommand.run) or name
            subparser = parsers.add_parser(
                name,
                help=described.partition("\n")[0],
                description=described,
                formatter_class=Formatter,
                parents=[_options_of_django()],
            )
            subcommand.arguments(subparser)

    def handle(self, *, name_of_subcommand: str, **options: Any) -> None:
        """Run the sub-command."""
        with refusals():
            SUBCOMMANDS[name_of_subcommand].run(self, Namespace(**options))


def _options_of_django() -> CommandParser:
    """What every command understands, understood after the name of the sub-command, too, where people type it."""
    options = BaseCommand().create_parser("", "", add_help=False)
    for action in options._actions:
        action.help = action.default = SUPPRESS  # An option left out here must not undo the one given before.
    return options
