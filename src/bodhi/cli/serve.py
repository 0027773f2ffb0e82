"""`bodhi serve`: runs the gateway until a signal, and says where it is."""

from pathlib import Path
from typing import Annotated

import typer

from bodhi import __version__, serving
from bodhi.cli.options import HomeOption
from bodhi.cli.output import print_line
from bodhi.core.setting_values import MOST_WORKERS
from bodhi.home import store_urls
from bodhi.server.logs import configure_logs
from bodhi.settings import Settings, read_settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default="1135", min=0, max=65535)] = None,
    home: HomeOption = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that serve.", show_default="1", min=1, max=MOST_WORKERS)
    ] = None,
) -> None:
    """Serve the gateway."""
    settings = read_settings(host=host, port=port, home=home.expanduser() if home else None, workers=workers)
    configure_logs(settings.log_level)
    serving.serve(settings, lambda announcement: _announce(settings, announcement))


def _announce(settings: Settings, announcement: serving.Announcement) -> None:
    host = "localhost" if announcement.host in ("127.0.0.1", "::1") else announcement.host
    address = f"http://{f'[{host}]' if ':' in host else host}:{announcement.port}"
    data = store_urls(settings).describe() if settings.database_url else str(_full(settings.home))
    print_line(f"Bodhi {__version__} is ready at {address}")
    print_line(f"  Data   {data}")
    if announcement.setup_code is not None:
        code = announcement.setup_code.reveal()
        print_line(f"  Setup  {address}/ui/setup#code={code}")
        print_line("         Open it once to make the first Admin, or run `bodhi setup`.")


def _full(path: Path) -> Path:
    return path.expanduser().absolute()
