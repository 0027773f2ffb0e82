"""The docs are true where that can be tested: what a person can set, call or be told is in them, as the code has it."""

import json
import re
from pathlib import Path

import pytest
from msgspec.structs import fields

from bodhi import settings
from bodhi.core import errors
from bodhi.core.errors import BodhiError, StartupError
from bodhi.core.usage import UsageRecord
from bodhi.formats.registry import FORMATS
from bodhi.server import refusals
from bodhi.server.refusals import Refusal
from scripts.docs_tables import WRITERS, commands, documented_path, written_anew

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LINKING = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES]

LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s]+)\)|src=\"(?!https?://)([^\"]+)\"")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    return path.name


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def error_classes() -> list[type[BodhiError]]:
    named = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, BodhiError)]
    return [each for each in named if each is not BodhiError]


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings get on the usual forges."""
    headings = HEADING.findall(FENCED.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_written_table_is_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert written_anew(text) == text, "run: .venv/bin/python -m scripts.docs_tables"


def test_every_table_has_its_place() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)

    assert [name for name in WRITERS if f"<!-- begin {name} -->" not in pages] == []


def test_every_setting_and_default_is_in_the_configuration_page() -> None:
    rows = text_of("configuration.md").splitlines()
    missing = [
        each.env_name
        for each in settings.SETTINGS
        if not any(f"`{each.env_name}`" in row and each.default in row and each.doc in row for row in rows)
    ]

    assert missing == []


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    of_the_checkout = {"BODHI_PICTURES", "BODHI_SKIP_UI_BUILD", "BODHI_TEST_CHROMIUM"}
    known = {each.env_name for each in settings.SETTINGS} | {"BODHI_TOKEN"} | of_the_checkout
    named = {name for page in LINKING for name in re.findall(r"\bBODHI_[A-Z_]+[A-Z]\b", page.read_text("utf-8"))}

    assert named - known == set()


def test_every_endpoint_is_in_the_formats_page() -> None:
    page = text_of("formats.md")
    dialects = {each.dialect.name: each.dialect for each in FORMATS}
    missing = [
        f"{endpoint.method} {documented_path(dialect, endpoint)}"
        for dialect in dialects.values()
        for endpoint in dialect.endpoints
        if f"`{endpoint.method} {documented_path(dialect, endpoint)}`" not in page
    ]

    assert missing == []


@pytest.mark.parametrize("error", error_classes(), ids=lambda error: str(error.__name__))
def test_every_error_code_stands_beside_its_status(error: type[BodhiError]) -> None:
    if error.code == BodhiError.code:
        return
    statuses = {str(each.status) for each in error_classes() if each.code == error.code}

    rows = [row.split(" | ") for row in text_of("errors.md").splitlines() if row.startswith(f"| `{error.code}` |")]

    assert rows
    assert rows[0][1] in statuses
    assert all(cell.strip(" |") for cell in rows[0])


def test_no_error_code_in_the_docs_is_unknown() -> None:
    known = {each.code for each in error_classes()}
    known |= {each.code for each in vars(refusals).values() if isinstance(each, Refusal)}

    assert set(re.findall(r"^\| `(\w+)` \| \d{3} \|", text_of("errors.md"), re.MULTILINE)) - known == set()


def test_every_command_has_its_heading() -> None:
    page = text_of("command-line.md")

    assert [name for name, _ in commands() if f"### `{name}" not in page] == []


def test_no_page_names_an_option_that_does_not_exist() -> None:
    known = {name: {spelled for option in command.params for spelled in option.opts} for name, command in commands()}
    wrong = []
    for page in LINKING:
        for line in page.read_text(encoding="utf-8").splitlines():
            for name, options in known.items():
                for typed in re.findall(rf"\b{name} ([^`|$#]*)", line):
                    wrong += [f"{name} {each}" for each in re.findall(r"--[a-z][a-z-]+", typed) if each not in options]

    assert wrong == []


def test_every_exit_status_of_the_source_is_in_the_command_line_page() -> None:
    page = text_of("command-line.md")
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    statuses = set(re.findall(r"(?:exit_status=|EXIT_\w+ = )(\d+)", source)) | {str(StartupError("").exit_status)}

    assert {status for status in statuses if f"| {status} |" not in page} == set()


def test_every_field_of_a_usage_record_is_explained() -> None:
    page = text_of("usage.md")

    assert [each.name for each in fields(UsageRecord) if f"| `{each.name}` |" not in page] == []


def test_every_operation_of_the_control_api_is_in_its_page() -> None:
    page = text_of("control-api.md")
    described = json.loads(text_of("openapi.json"))
    missing = [
        f"{method.upper()} {path}"
        for path, operations in described["paths"].items()
        for method in operations
        if f"`{method.upper()} {path}`" not in page
    ]

    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_json_example_is_json(page: Path) -> None:
    for language, example in FENCED.findall(page.read_text(encoding="utf-8")):
        if language == "json":
            json.loads(example)


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=name_of)
def test_every_python_example_compiles(page: Path) -> None:
    for language, example in FENCED.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            compile(example, str(page), "exec")


@pytest.mark.parametrize("page", LINKING, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    wrong = []
    for found in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        file, _, anchor = "".join(found).partition("#")
        goal = (page.parent / file).resolve() if file else page
        if not goal.exists() or (anchor and anchor not in anchors(goal)):
            wrong.append("".join(found))

    assert wrong == []


def test_every_page_is_linked_from_the_index_and_the_readme() -> None:
    index, readme = text_of("index.md"), (ROOT / "README.md").read_text(encoding="utf-8")
    names = {page.name for page in PAGES} - {"index.md"}

    assert {name for name in names if f"({name})" not in index} == set()
    assert {name for name in names if f"(docs/{name}" not in readme} == set()


def test_every_message_on_the_troubleshooting_page_is_one_that_bodhi_gives() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    joined = re.sub(r'"\s*\n\s*f?"', "", source).casefold()
    shown = [row.split(" | ")[0] for row in rows_below("it says", text_of("troubleshooting.md"))]
    pieces = [piece.strip(" |.") for cell in shown for piece in cell.split("…")]

    assert len(shown) > 15
    assert [piece for piece in pieces if piece.casefold() not in joined] == []


@pytest.mark.parametrize("message", ["Invalid API key", "Network error", "Connection failed", "Rate limit exceeded"])
def test_every_message_of_a_failed_try_has_its_own_heading(message: str) -> None:
    assert f'### "{message}"\n' in text_of("troubleshooting.md")


def rows_below(column: str, page: str) -> list[str]:
    """Return the rows of the tables whose first column is called so, but those in other words."""
    tables = re.findall(rf"^\| {column} \|.*\n\|[- |]+\n((?:\|.*\n)+)", page, re.MULTILINE)
    return [row for table in tables for row in table.splitlines() if not row.startswith("| the provider's own")]


def test_every_answer_on_the_control_page_has_the_members_of_its_schema() -> None:
    schemas = json.loads(text_of("openapi.json"))["components"]["schemas"]
    shapes = {frozenset(schema.get("properties", ())): name for name, schema in schemas.items()}
    examples = [json.loads(text) for kind, text in FENCED.findall(text_of("control-api.md")) if kind == "json"]

    assert len(examples) > 3
    assert [example for example in examples if frozenset(example) not in shapes] == []


def test_every_call_on_the_control_page_is_one_that_the_description_takes() -> None:
    described = json.loads(text_of("openapi.json"))
    calls = re.findall(
        r"curl (?:-X (\w+) )?http://localhost:1135(\S+)[^`]*?(?:-d '(.*?)'\n|\n(?=curl|```))", text_of("control-api.md")
    )
    wrong = []
    for method, path, body in calls:
        operation = described["paths"][path.replace("$ID", "{api_model_id}")][(method or "POST").lower()]
        if body:
            name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            schema, sent = described["components"]["schemas"][name], set(json.loads(body))
            wrong += [
                f"{path}: {each}"
                for each in (sent - set(schema["properties"])) | (set(schema.get("required", ())) - sent)
            ]

    assert len(calls) > 6
    assert wrong == []


def test_every_file_of_the_two_hops_table_exists() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = page.partition("## Two hops")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| [^|]+ \| (?:`(\w+)`|\S) \| `([\w/]+\.py)`", table, re.MULTILINE)

    assert len(rows) > 15
    assert [row for row in rows if not (ROOT / "src" / "bodhi" / row[0] / row[1]).is_file()] == []
