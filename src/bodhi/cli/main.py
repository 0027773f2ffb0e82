"""The command `bodhi`: what is loaded, and the one place where an error becomes a message and an exit status."""

from collections.abc import Sequence

import click

from bodhi.cli import root, serve
from bodhi.cli.output import print_problem
from bodhi.core.errors import BodhiError, StartupError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def command(words: Sequence[str]) -> click.Command:
    """Return the command with every sub-command, or with what some words need if they ask to serve."""
    if words[:1] != ["serve"]:
        # What serves stays in memory for months: it does not load the other commands and all that they need.
        from bodhi.cli.commands import app  # noqa: PLC0415

        return app
    serving = root.new_app()
    serving.add_command(serve.serve)
    serving.add_command(root.version)
    return serving


def run(loaded: click.Command) -> int:
    """Run the command line as it was called and return the exit status, which is 0 only on success."""
    try:
        # Left to itself Click ends the process, after an interrupt with 1. At a broken pipe it does so all the same.
        status: int | None = loaded.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as error:
        return _aborted(error)
    except StartupError as error:
        print_problem(f"bodhi: {error.message}")
        return error.exit_status
    except BodhiError as error:
        place = f" ({error.param})" if error.param else ""
        print_problem(f"bodhi: {error.message}{place}")
        return EXIT_FAILED
    return status or 0


def _aborted(error: click.Abort) -> int:
    """Return the exit status of what Click does not tell apart: an interrupt, and a prompt that nobody answered."""
    if isinstance(error.__cause__, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    print_problem("Aborted.")
    return EXIT_FAILED
