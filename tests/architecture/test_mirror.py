"""The unit tests mirror the package: every module has a test file at its own place, named after it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE, TESTS = ROOT / "plugins" / "mailround", ROOT / "tests"
ELSEWHERE = {
    "register/migrations/env.py": "register/test_migrations.py",  # Alembic runs it; alone it does nothing
    "register/migrations/versions/0001_register_entry.py": "register/test_migrations.py",  # no name to import it by
    "register/migrations/versions/0002_only_next_link.py": "register/test_migrations.py",  # neither has this one
    "register/migrations/versions/0003_what_is_searched_for.py": "register/test_migrations.py",  # nor this one
    "register/migrations/versions/0004_when_it_was.py": "register/test_migrations.py",  # nor this one
}
"""Modules that are tested in another file, each with its reason."""


def mirror(module: str) -> str:
    path = Path(module)
    return ELSEWHERE.get(module) or (path.parent / f"test_{path.name}").as_posix()


def untested(package: Path, tests: Path) -> list[str]:
    """Return the modules without a test file; an ``__init__`` that defines nothing needs none."""
    modules = (path.relative_to(package).as_posix() for path in sorted(package.rglob("*.py")))
    return [
        module
        for module in modules
        if not (module.endswith("__init__.py") and _defines_nothing(package / module))
        and not (tests / mirror(module)).is_file()
    ]


def _defines_nothing(init: Path) -> bool:
    lines = init.read_text(encoding="utf-8").splitlines()
    return not any(line.startswith(("def ", "class ", "async ", "if ", "for ")) for line in lines)


def test_every_module_has_its_test_file() -> None:
    assert untested(PACKAGE, TESTS) == []


@pytest.mark.parametrize("module", ELSEWHERE)
def test_an_exception_is_for_a_module_that_is_there_and_has_no_file_of_its_own(module: str) -> None:
    assert (PACKAGE / module).is_file()
    assert not (TESTS / Path(module).parent / f"test_{Path(module).name}").exists()


def test_a_module_without_a_test_file_is_noticed(tmp_path: Path) -> None:
    package, tests = tmp_path / "package", tmp_path / "tests"
    for folder in (package / "part", tests / "part"):
        folder.mkdir(parents=True)
    (package / "part" / "__init__.py").write_text('"""Says only this."""\nfrom a import b\n', encoding="utf-8")
    (package / "part" / "seal.py").touch()
    (package / "seal.py").touch()
    (tests / "test_seal.py").touch()
    assert untested(package, tests) == ["part/seal.py"]
    (tests / "part" / "test_seal.py").touch()
    assert untested(package, tests) == []
    (package / "part" / "__init__.py").write_text("def step() -> None: ...\n", encoding="utf-8")
    assert untested(package, tests) == ["part/__init__.py"]
