"""The command `bodhi`: its sub-commands, and the one place where an error becomes a message and an exit status."""

import gc
import sys

import typer

from bodhi import __version__
from bodhi.cli import api_models, audit, backup, check, dev, keys, openapi, serve, setup, tokens, usage, users
from bodhi.cli.output import print_line, print_problem
from bodhi.core.errors import BodhiError, StartupError
from bodhi.server.memory import keep_freed_memory

EXIT_FAILED = 1
GC_OBJECTS = 20_000
"""New objects between two looks for cyclic garbage. A call leaves none behind; Python's 700 would look all the time."""

app = typer.Typer(
    name="bodhi",
    help="Bodhi, a self-hosted gateway for language models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("dev")(dev.dev)
app.command("setup")(setup.setup)
app.add_typer(users.app, name="user", help="People: who may sign in, and with which role.")
app.add_typer(tokens.app, name="token", help="API tokens: what programs show instead of a provider's key.")
app.add_typer(api_models.app, name="api-model", help="Api models: the providers that Bodhi forwards to.")
app.add_typer(usage.app, name="usage", help="Usage records: what calls there were, and what they cost.")
app.add_typer(keys.app, name="keys", help="The keys that provider keys are encrypted with.")
app.command("backup")(backup.backup)
app.add_typer(audit.app, name="audit", help="The audit trail: who did what, and the proof that nobody changed it.")
app.command("check")(check.check)
app.command("openapi")(openapi.openapi)


@app.command("version")
def version() -> None:
    """Print the version."""
    print_line(__version__)


def main() -> int:
    """Run the command line and return the exit status, which is 0 only on success."""
    # What is loaded now stays until the end: frozen, it is never looked through again.
    gc.freeze()
    gc.set_threshold(GC_OBJECTS)
    gc.enable()
    keep_freed_memory()
    try:
        app()
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
