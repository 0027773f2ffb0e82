"""The command `bodhi`: what is loaded, and the one place where an error becomes a message and an exit status."""

import sys
from collections.abc import Sequence

import typer

from bodhi.cli import root, serve
from bodhi.cli.output import print_problem
from bodhi.core.errors import BodhiError, StartupError

EXIT_FAILED = 1


def command(words: Sequence[str]) -> typer.Typer:
    """Return the command with every sub-command, or with what some words need if they ask to serve."""
    if words[:1] != ["serve"]:
        # What serves stays in memory for months: it does not load the other commands and all that they need.
        from bodhi.cli.commands import app  # noqa: PLC0415

        return app
    serving = root.new_app()
    serving.command("serve")(serve.serve)
    serving.command("version")(root.version)
    return serving


def run(loaded: typer.Typer) -> int:
    """Run the command line as it was called and return the exit status, which is 0 only on success."""
    try:
        loaded()
    except StartupError as error:
        print_problem(f"bodhi: {error.message}")
        return error.exit_status
    except BodhiError as error:
        place = f" ({error.param})" if error.param else ""
        print_problem(f"bodhi: {error.message}{place}")
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return EXIT_FAILED
    return 0
