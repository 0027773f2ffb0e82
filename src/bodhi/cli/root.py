"""The command `bodhi` without its sub-commands: how it looks, and its version. `commands` adds the others."""

import click
from typing_extensions import override

from bodhi import __version__
from bodhi.cli.output import print_line


class CommandGroup(click.Group):
    """A command of commands, whose help lists them as they were added and with all of what is said of them.

    Click's own goes by the alphabet, and cuts what is said to a line.
    """

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of the sub-commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help or "") for name, command in self.commands.items()])


def new_app() -> CommandGroup:
    """Build the command without any sub-command."""
    return CommandGroup(
        "bodhi",
        help="Bodhi, a self-hosted gateway for language models.",
        context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    )


@click.command("version")
def version() -> None:
    """Print the version."""
    print_line(__version__)
