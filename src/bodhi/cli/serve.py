"""`bodhi serve`: runs the gateway until a signal, and says where it is."""

from pathlib import Path

import click

from bodhi import __version__, serving
from bodhi.cli.options import home_option
from bodhi.cli.output import print_line
from bodhi.core.setting_values import MOST_WORKERS
from bodhi.home import store_urls
from bodhi.server.logs import configure_logs
from bodhi.settings import Settings, read_settings


@click.command("serve")
@click.option("--host", help="Address to listen on.", show_default="127.0.0.1")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.", show_default="1135")
@home_option
@click.option("--workers", type=click.IntRange(1, MOST_WORKERS), help="Processes that serve.", show_default="1")
def serve(host: str | None, port: int | None, home: Path | None, workers: int | None) -> None:
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
