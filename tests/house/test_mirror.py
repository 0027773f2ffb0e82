"""Folder and file of a test follow the file that it covers, so each is found from the other."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "bodhi"
TESTS = ROOT / "tests"

WITHOUT_OWN_TEST = {
    "__main__.py": "one call of the command line",
    "cli/commands.py": "a list; tests/cli/test_main.py calls what it names",
    "cli/root.py": "the words around the commands; covered by tests/cli/test_main.py",
    "control/given.py": "a name for a type; every endpoint's test goes through it",
    "core/call.py": "records without behaviour",
    "core/session.py": "four numbers",
    "core/types.py": "names for types",
    "core/usage.py": "records without behaviour",
    "formats/contract.py": "records without behaviour; tests/formats/test_contract.py states their laws",
}
"""Source files that have no test file of their own, each with the reason. Nothing else may lack one."""

FOLDERS_COVERED_ELSEWHERE = {
    "storage/migrations": "run as one chain, and only by the tool; covered by tests/storage/test_migrate.py",
}


BESIDE_THE_MIRROR = {
    "control/test_twins.py": "walks the table of access: nobody sees or infers what is another person's",
    "control/test_every_change.py": "walks the table of access: each change leaves its act",
    "formats/test_contract.py": "the laws of every row of the registry",
    "formats/test_official_clients.py": "shows every dialect's errors and breaks to the official clients",
    "formats/test_sixth_format.py": "adds a toy format by one file and one line",
    "relay/test_fuzz_answer.py": "drawn answers against what fuzz/upstream.py holds",
    "server/test_fuzz_inbound.py": "drawn requests against what fuzz/inbound.py holds",
    "server/test_smuggling.py": "hostile requests over a real socket; refusals, parser and answers together",
}
"""Tests in mirrored folders that cover more than one file, each with the reason."""


def mirror_of(source: Path) -> Path:
    """Return where the test of a source file belongs."""
    inside = source.relative_to(PACKAGE)
    return TESTS / inside.parent / f"test_{inside.name}"


def sources() -> list[Path]:
    """Return the source files that hold code."""
    return sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or len(_lines(path)) > 20)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _is_excepted(source: Path) -> bool:
    inside = source.relative_to(PACKAGE).as_posix()
    return inside in WITHOUT_OWN_TEST or any(inside.startswith(f"{folder}/") for folder in FOLDERS_COVERED_ELSEWHERE)


def test_every_source_file_has_its_mirrored_test() -> None:
    missing = [
        str(mirror_of(source).relative_to(ROOT))
        for source in sources()
        if not _is_excepted(source) and not mirror_of(source).is_file()
    ]

    assert missing == []


def test_every_mirrored_test_has_its_source_file() -> None:
    folders = {source.parent.relative_to(PACKAGE) for source in sources()} - {Path()}
    orphans = [
        str(test.relative_to(ROOT))
        for folder in sorted(folders)
        for test in sorted((TESTS / folder).glob("test_*.py"))
        if not (PACKAGE / folder / test.name.removeprefix("test_")).is_file()
        and (PACKAGE / folder / test.stem.removeprefix("test_")).is_dir() is False
        and f"{folder.as_posix()}/{test.name}" not in BESIDE_THE_MIRROR
    ]

    assert orphans == []


def test_every_exception_still_names_a_file() -> None:
    gone = [name for name in WITHOUT_OWN_TEST if not (PACKAGE / name).is_file() and name != "__main__.py"]

    assert gone == []
