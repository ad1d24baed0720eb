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


S3 = {"S3_ENDPOINT": "https://s3.ward.example", "S3_KEY": "the-key", "S3_SECRET": "the-secret"}


@pytest.mark.parametrize("written", ["/srv/data", "file:///srv/data"])
def test_a_place_of_this_machine_is_a_path_or_a_uri(environment: pytest.MonkeyPatch, written: str) -> None:
    environment.setenv("MAILROUND_DATA", written)
    assert load_settings().data == Path("/srv/data")
    environment.setenv("MAILROUND_DATA", "file:///srv/%E5%8C%BA%20data")
    assert load_settings().data == Path("/srv/区 data")


def test_a_place_in_a_bucket_carries_its_access_and_shows_it_to_nobody(environment: pytest.MonkeyPatch) -> None:
    for name, value in S3.items():
        environment.setenv(f"MAILROUND_{name}", value)
    environment.setenv("MAILROUND_VAULT_S3_KEY", "another-key")
    environment.setenv("MAILROUND_DATA", "s3://ward-data/mailround/data")
    environment.setenv("MAILROUND_VAULT", "s3://ward-keys")
    found = load_settings()
    assert not isinstance(found.data, Path)
    assert not isinstance(found.vault, Path)
    assert (found.data / "round" / "plan.age").path == "ward-data/mailround/data/round/plan.age"
    assert (found.vault / "round" / "key").path == "ward-keys/round/key"
    access = [(each.storage_options["key"], each.storage_options["secret"]) for each in (found.data, found.vault)]
    assert access == [("the-key", "the-secret"), ("another-key", "the-secret")]
    shown = f"{found!r} {found.data!r} {found.data} {found.model_dump_json(include={'s3_key', 's3_secret'})}"
    assert not [each for each in ("the-key", "the-secret", "another-key") if each in shown]


@pytest.mark.parametrize(
    "uri",
    [
        *("s3://", "s3:///data", "s3://ward-data/", "s3://ward-data//x", "s3://ward-data/../x", "s3://ward-data/.x"),
        *(
            "s3://key:secret@ward-data/x",
            "s3://ward-data/x?versionId=1",
            "s3://Ward/x",
            "simplecache::s3://ward-data/x",
        ),
        *("gs://ward-data/x", "memory://x", "file://server/share", "file:/srv", "file:data", "https://ward.example/x"),
    ],
)
def test_any_other_uri_is_refused_with_what_may_stand_there_and_without_itself(
    environment: pytest.MonkeyPatch, uri: str
) -> None:
    for name, value in S3.items():
        environment.setenv(f"MAILROUND_{name}", value)
    environment.setenv("MAILROUND_OUTBOX", uri)
    with pytest.raises(
        ConfigurationError, match=r"：MAILROUND_OUTBOX（/ で始まるパスか、.*s3://バケット/パス"
    ) as caught:
        load_settings()
    assert uri not in str(caught.value).replace("s3://バケット", "")


@pytest.mark.parametrize("missing", S3)
def test_a_bucket_without_its_access_is_refused(environment: pytest.MonkeyPatch, missing: str) -> None:
    for name, value in S3.items():
        environment.setenv(f"MAILROUND_{name}", value)
    environment.delenv(f"MAILROUND_{missing}")
    environment.setenv("MAILROUND_VAULT", "s3://ward-keys")
    with pytest.raises(ConfigurationError, match=f"：MAILROUND_VAULT（MAILROUND_{missing}も設定します）。"):
        load_settings()


@pytest.mark.parametrize("endpoint", ["s3.ward.example", "ftp://s3.ward.example", "https://key:secret@s3.ward.example"])
def test_a_servers_address_holds_no_key(environment: pytest.MonkeyPatch, endpoint: str) -> None:
    environment.setenv("MAILROUND_S3_ENDPOINT", endpoint)
    with pytest.raises(ConfigurationError, match="MAILROUND_S3_ENDPOINT"):
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
