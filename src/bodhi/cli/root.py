"""The command `bodhi` without its sub-commands: how it looks, and its version. `commands` adds the others."""

import typer

from bodhi import __version__
from bodhi.cli.output import print_line


def new_app() -> typer.Typer:
    """Build the command without any sub-command."""
    return typer.Typer(
        name="bodhi",
        help="Bodhi, a self-hosted gateway for language models.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def version() -> None:
    """Print the version."""
    print_line(__version__)
