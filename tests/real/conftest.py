"""One llama.cpp, one gateway and one token for the whole run."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from scripts.real_model import RealModel, ensure_real_model
from tests.fakes.waiting import eventually_in_thread
from tests.real.programs import EMBEDDING_MODEL, MODEL, PLAIN_TEMPLATE, PROMPT, Gateway, llama_server

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="session")
def real_model() -> RealModel:
    return ensure_real_model()


@pytest.fixture(scope="session")
def upstream(real_model: RealModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("llama") / "server.log"
    with llama_server(real_model, log, "--alias", MODEL, "--jinja", "--chat-template", PLAIN_TEMPLATE) as base_url:
        yield base_url


@pytest.fixture(scope="session")
def embedding_upstream(real_model: RealModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("llama") / "embedding.log"
    with llama_server(real_model, log, "--alias", EMBEDDING_MODEL, "--embeddings", "--pooling", "mean") as base_url:
        yield base_url


@pytest.fixture(scope="session")
def gateway(upstream: str, embedding_upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Set everything up with the real commands: the first Admin, then the api models, on a running server."""
    with Gateway(tmp_path_factory.mktemp("home")).served() as served:
        print(f"\nbodhi serve answered after {served.ready_after:.2f} s")
        served.run("setup", "--username", "admin", "--password-stdin", stdin="correct horse battery staple\n")
        served.add_api_model("llama chat", "openai", upstream, "--model", MODEL)
        served.add_api_model("llama embeddings", "openai", embedding_upstream, "--model", EMBEDDING_MODEL)
        served.add_api_model("llama responses", "openai_responses", upstream, "--model", MODEL, "--prefix", "local/")
        served.add_api_model("llama messages", "anthropic", upstream, "--prefix", "llama/", "--forward-all")
        yield served


@pytest.fixture(scope="session")
def token(gateway: Gateway) -> str:
    return gateway.new_token("real run")


@pytest.fixture(scope="session")
def openai_client(gateway: Gateway, token: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=token) as client:
        started = time.monotonic()
        eventually_in_thread(lambda: has_noticed(client), within=5)
        print(f"the running server noticed the new token and api models after {time.monotonic() - started:.2f} s")
        yield client


def has_noticed(client: openai.OpenAI) -> bool:
    """Tell whether the server knows the token and the models that the command line made beside it."""
    try:
        served = {model.id for model in client.models.list()}
    except openai.AuthenticationError:
        return False
    return {MODEL, EMBEDDING_MODEL, f"local/{MODEL}"} <= served


@pytest.fixture(scope="session")
def anthropic_client(gateway: Gateway, token: str, openai_client: openai.OpenAI) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=f"{gateway.url}/anthropic", api_key=token) as client:
        yield client


class Watch:
    """The clock and the usage record around one call of a test."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._before = set(gateway.usage())
        self._started = time.monotonic()

    def record(self, what: str, text: str = "") -> dict[str, Any]:
        """Return the usage record of the call that was made since, and print its figures and its text."""
        took = time.monotonic() - self._started
        eventually_in_thread(lambda: len(set(self._gateway.usage()) - self._before) == 1, within=5)
        usage = self._gateway.usage()
        record = usage[(set(usage) - self._before).pop()]
        first_byte = (record["first_byte_us"] or 0) / 1000
        tokens = f"{record['input_tokens']} tokens in, {record['output_tokens']} out"
        print(
            f"\n    {what}: {took:.2f} s, first byte after {first_byte:.0f} ms, {tokens}"
            + (f"\n    {PROMPT}{text!r}" if text else "")
        )
        return record


@pytest.fixture
def watch(gateway: Gateway) -> Callable[[], Watch]:
    return lambda: Watch(gateway)


@pytest.fixture(scope="session", autouse=True)
def logs_on_failure(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Print what the programs said when a test failed: on another machine nobody can look."""
    yield
    if request.session.testsfailed:
        for log in sorted(Path(tmp_path_factory.getbasetemp()).rglob("*.log")):
            print(f"\n--- {log.name}\n{log.read_text(errors='replace')[-4000:]}")
