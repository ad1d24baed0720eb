"""What the doctor finds at a register on a real PostgreSQL: a wrong clock, a role with too many rights."""

from __future__ import annotations

import sqlalchemy as sa

from mailround.house import _clocks, _register_fault
from mailround.register.store import Register
from tampered import owner_url


def execute(url: str, statement: str) -> None:
    with sa.create_engine(url, poolclass=sa.pool.NullPool).begin() as connection:
        connection.exec_driver_sql(statement)


def test_a_servers_clock_that_is_an_hour_ahead_is_seen(postgres_url: str) -> None:
    Register(postgres_url).migrate(owner_url(postgres_url))
    assert abs(_clocks({"here": postgres_url})["here"]) < 3
    # A function of the schema, found before PostgreSQL's own, is the wrong clock.
    schema = sa.make_url(postgres_url).query["options"].removeprefix("-csearch_path=")  # type: ignore[union-attr]
    execute(
        owner_url(postgres_url),
        "CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
        "$$ SELECT pg_catalog.clock_timestamp() + interval '1 hour' $$",
    )
    wrong = sa.make_url(postgres_url).update_query_dict({"options": f"-csearch_path={schema},pg_catalog"})
    ahead = _clocks({"here": wrong.render_as_string(hide_password=False)})["here"]
    assert 3597 < ahead < 3603


def test_a_role_that_may_do_too_much_is_a_fault_of_the_register(postgres_url: str) -> None:
    Register(postgres_url).migrate(owner_url(postgres_url))
    assert _register_fault(postgres_url) is None
    assert "ほかの権限を持っています" in (_register_fault(owner_url(postgres_url)) or "")


def test_a_file_has_no_clock_of_its_own() -> None:
    assert _clocks({"here": "sqlite://"}) == {}
