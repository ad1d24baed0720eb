"""Settings: read from the environment alone, complete or refused with the variables at fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from mailround.errors import ConfigurationError
from mailround.settings import REPOSITORY, CheckSettings, MailAddress, Settings, load_settings

REQUIRED = ("inbox", "data", "outbox", "vault", "vault_identity", "register_url", "alert_to")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MAILROUND_{name.upper()}", raising=False)
    for name in REQUIRED:
        monkeypatch.setenv(f"MAILROUND_{name.upper()}", str(tmp_path / name))
    monkeypatch.setenv("MAILROUND_ALERT_TO", "a@example.jp")
    return monkeypatch


def test_the_environment_is_read(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("MAILROUND_ALERT_TO", "a@example.jp, b@example.jp,")
    environment.setenv("MAILROUND_FALLBACK_FONTS", "/fonts/one.ttf, /fonts/two.ttf")
    found = load_settings()
    assert found.inbox == tmp_path / "inbox"
    assert found.alert_to == ("a@example.jp", "b@example.jp")
    assert found.fallback_fonts == (Path("/fonts/one.ttf"), Path("/fonts/two.ttf"))
    assert found.include == REPOSITORY / "include"


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_setting_is_named_by_its_variable(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(f"MAILROUND_{name.upper()}")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert f"：MAILROUND_{name.upper()}。" in caught.value.happened


@pytest.mark.parametrize("nobody", ["", " , ", "officer", "a@example.jp officer", "a@example.jp, @"])
def test_a_ward_in_which_nobody_is_told_does_not_run(environment: pytest.MonkeyPatch, nobody: str) -> None:
    environment.setenv("MAILROUND_ALERT_TO", nobody)
    with pytest.raises(ConfigurationError, match="MAILROUND_ALERT_TO"):
        load_settings()


@pytest.mark.parametrize("value", ["0", "65", "many"])
def test_a_wrong_number_is_named_without_its_value(environment: pytest.MonkeyPatch, value: str) -> None:
    environment.setenv("MAILROUND_PRINT_TASKS", value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "：MAILROUND_PRINT_TASKS。" in caught.value.happened
    assert "many" not in str(caught.value)


def test_checking_an_export_needs_no_settings(environment: pytest.MonkeyPatch) -> None:
    for name in REQUIRED:
        environment.delenv(f"MAILROUND_{name.upper()}")
    assert CheckSettings().include == REPOSITORY / "include"


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_only_this_module_reads_the_domains_environment() -> None:
    reads = re.compile(r"os\.environ(?!\[[^]]*\] = )|getenv|BaseSettings")
    package = REPOSITORY / "plugins" / "mailround"
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if reads.search(path.read_text(encoding="utf-8"))
    }
    assert {name for name in found if not name.startswith("local/")} == {"settings.py"}


@pytest.mark.parametrize(
    "address", ['["a@b"]', '"a@b"', "a@b.jp>", "Bcc:x@y", "a@b\x00", "a b@c", "@b", "a@", "ａ@b.jp"]
)
def test_what_is_no_mail_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(MailAddress).validate_python(address)


@pytest.mark.parametrize("address", ["alerts@city.example.jp", "a.b+c@x-y.jp", "mailround@localhost"])
def test_a_mail_address_is_taken(address: str) -> None:
    assert TypeAdapter(MailAddress).validate_python(address) == address


def test_a_setting_may_be_a_secret_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("MAILROUND_REGISTER_URL")
    (tmp_path / "mailround_register_url").write_text("postgresql://app@postgres/register\n", encoding="utf-8")
    environment.setitem(Settings.model_config, "secrets_dir", tmp_path)
    assert load_settings().register_url == "postgresql://app@postgres/register"
