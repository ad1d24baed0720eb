"""What Airflow loads from this repository: the plugin folder and the DAG files, seen from a fresh process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mailround.incident import IncidentParams
from mailround.local.airflow import LocalAirflow
from mailround.settings import REPOSITORY
from mailround.way import WAY

HEAVY = ("pandas", "numpy", "great_expectations", "reportlab", "pypdfium2", "fontTools", "uharfbuzz", "alembic")
PARSE_SECONDS = 1.0

DAGS = """
import json, sys, time
import airflow.sdk, airflow.providers.standard.operators.hitl, airflow.providers.standard.triggers.temporal
import airflow.timetables.trigger, sqlalchemy, pydantic
from airflow.dag_processing.dagbag import DagBag
before = set(sys.modules)
begun = time.process_time()
bag = DagBag(sys.argv[1], safe_mode=False)
seconds = time.process_time() - begun

def told(task):
    mapped = getattr(task, "partial_kwargs", {})
    return {
        "display": task.task_display_name,
        "owner": task.owner,
        "retries": task.retries,
        "alerts": bool(task.on_failure_callback or mapped.get("on_failure_callback")),
        "downstream": sorted(task.downstream_task_ids),
        "operator": task.task_type,
        "silence": [getattr(task, "defaults", None), getattr(task, "response_timeout", None)],
    }

dags = {
    dag.dag_id: {
        "display": dag.dag_display_name,
        "doc": dag.doc_md,
        "tags": sorted(dag.tags),
        "params": {name: dag.params.get_param(name).schema for name in dag.params},
        "tasks": {task.task_id: told(task) for task in dag.tasks},
    }
    for dag in bag.dags.values()
}
new = sorted(set(sys.modules) - before)
print(json.dumps({"errors": bag.import_errors, "seconds": seconds, "new": new, "dags": dags}))
"""
PLUGINS = """
import json, sys
from airflow import plugins_manager
errors = plugins_manager.get_import_errors()
import mailround.seal
print(json.dumps({"errors": errors, "modules": sorted(sys.modules), "seal": mailround.seal.__file__}))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return LocalAirflow(tmp_path_factory.mktemp("airflow"), 1, 2).environment()


def run(code: str, environment: dict[str, str], *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


CASEWORK = {
    "withdraw_pieces": ("request_withdrawal", "acknowledge_withdrawal"),
    "record_returned_mail": ("record_returned", "settle_returned_mail"),
}


DAG_IDS = {
    *("mailing_round", "deletion_watch", "house_check", "house_cleaning", "access_review", "report_incident"),
    "round_watch",
    *CASEWORK,
}


@pytest.fixture(scope="module")
def parsed(environment: dict[str, str]) -> Any:
    return run(DAGS, environment, environment["AIRFLOW__CORE__DAGS_FOLDER"])


def test_all_dag_files_parse(parsed: Any) -> None:
    assert parsed["errors"] == {}
    assert set(parsed["dags"]) == DAG_IDS


def test_a_dag_file_is_short_enough_to_be_read(parsed: Any) -> None:
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in REPOSITORY.glob("dags/*.py")}
    assert len(lengths) == len(parsed["dags"])
    assert max(lengths.values()) < 100


def test_parsing_imports_nothing_heavy(parsed: Any) -> None:
    loaded = {name.partition(".")[0] for name in parsed["new"]}
    assert loaded.isdisjoint(HEAVY)


def test_parsing_stays_within_its_budget(parsed: Any) -> None:
    """Processor time, not wall time, so that a busy machine does not decide; the budget is the plan's."""
    assert parsed["seconds"] < PARSE_SECONDS


def test_every_task_has_an_owner_a_japanese_title_retries_and_an_alert(parsed: Any) -> None:
    for dag in parsed["dags"].values():
        assert dag["doc"], dag
        assert dag["tags"], dag
        assert not dag["display"].isascii()
        for name, task in dag["tasks"].items():
            assert task["owner"] == "生活福祉課", name
            assert not task["display"].isascii(), name
            assert task["retries"] >= 1, name
            assert task["alerts"], name


def test_no_form_answers_itself(parsed: Any) -> None:
    forms = {
        (dag, name): task
        for dag in parsed["dags"]
        for name, task in parsed["dags"][dag]["tasks"].items()
        if task["operator"] in {"FormOperator", "FourEyesApprovalOperator", "HouseFormOperator"}
    }
    assert Counter(dag for dag, _ in forms) == {
        "mailing_round": 8,
        "report_incident": 3,
        "withdraw_pieces": 1,
        "record_returned_mail": 1,
        "access_review": 1,
    }
    assert all(task["silence"] == [None, None] for task in forms.values())
    assert parsed["dags"]["mailing_round"]["tasks"]["approve_release"]["operator"] == "FourEyesApprovalOperator"


def test_the_edges_of_the_round_are_these(parsed: Any) -> None:
    edges = {name: task["downstream"] for name, task in parsed["dags"]["mailing_round"]["tasks"].items()}
    assert edges == {
        "open_round": ["close_round", "extract", "purge"],
        "extract": ["check_quality"],
        "check_quality": ["decide_holds", "plan_print"],
        "decide_holds": ["plan_print"],
        "plan_print": ["render"],
        "render": ["verify"],
        "verify": ["seal"],
        "seal": ["approve_release"],
        "approve_release": ["record_media_handover"],
        "record_media_handover": ["record_password_handover"],
        "record_password_handover": ["record_receipt"],
        "record_receipt": ["record_posting"],
        "record_posting": ["purge"],
        "purge": ["deletion_due_reminder"],
        "deletion_due_reminder": ["record_returns"],
        "record_returns": ["record_deletion_certificate"],
        "record_deletion_certificate": ["close_round"],
        "close_round": [],
    }


def test_the_way_of_a_round_names_the_steps_as_the_screen_does(parsed: Any) -> None:
    tasks = parsed["dags"]["mailing_round"]["tasks"]
    assert {step.task_id: f"{step.number} {step.title}" for step in WAY} == {
        name: task["display"] for name, task in tasks.items()
    }
    asked = {name for name, task in tasks.items() if task["operator"] in {"FormOperator", "FourEyesApprovalOperator"}}
    assert {step.task_id for step in WAY if step.who != "自動"} == asked


def test_the_edges_of_an_incident_are_these(parsed: Any) -> None:
    edges = {name: task["downstream"] for name, task in parsed["dags"]["report_incident"]["tasks"].items()}
    assert edges == {
        "report_incident": ["record_preliminary_report", "tell_contacts"],
        "tell_contacts": [],
        "record_preliminary_report": ["record_final_report"],
        "record_final_report": ["close_incident"],
        "close_incident": [],
    }
    assert parsed["dags"]["report_incident"]["tasks"]["tell_contacts"]["retries"] >= 99


def test_the_watch_looks_at_deletions_and_incidents_neither_waiting_for_the_other(parsed: Any) -> None:
    edges = {name: task["downstream"] for name, task in parsed["dags"]["deletion_watch"]["tasks"].items()}
    assert edges == {"watch_deletions": [], "watch_incidents": []}


def test_the_trigger_form_of_an_incident_asks_for_what_is_recorded(parsed: Any) -> None:
    params = parsed["dags"]["report_incident"]["params"]
    assert set(params) == set(IncidentParams.model_fields)
    assert all(not params[name]["title"].isascii() for name in params)
    optional = {name for name in params if "null" in params[name]["type"]}
    assert optional == {"pieces", "piece_ids", "incident_no"}


def test_the_trigger_form_offers_what_is_configured(parsed: Any) -> None:
    params = parsed["dags"]["mailing_round"]["params"]
    assert params["kind"]["enum"] == ["asset_declaration", "change_notice"]
    assert set(params) == {
        "round_id",
        "kind",
        "source",
        "layout",
        "contract",
        "extracted_by",
        "issue_date",
        "posting_date",
    }
    assert params["issue_date"]["format"] == "date"


@pytest.mark.parametrize("dag", CASEWORK)
def test_casework_is_recorded_and_then_asked_about(parsed: Any, dag: str) -> None:
    first, then = CASEWORK[dag]
    assert {name: task["downstream"] for name, task in parsed["dags"][dag]["tasks"].items()} == {
        first: [then],
        then: [],
    }


@pytest.mark.parametrize("dag", CASEWORK)
@pytest.mark.parametrize(
    ("typed", "good"),
    [
        ("0123ABCDE", True),
        ("0123abcde\n1234ABCDE、2345ABCDE, 3456ABCDE　4567ABCDE\n", True),
        ("", False),
        ("　", False),
        ("髙﨑　𠮷郎", False),
        ("0123ABCDE 髙﨑", False),
        ("0000101", False),
        ("0123ABCDE,0000101", False),
        ("0123ABCDEF", False),
    ],
)
def test_only_piece_ids_are_let_into_a_runs_params(parsed: Any, dag: str, typed: str, good: bool) -> None:
    """What is typed there stays in Airflow's database, whatever becomes of the run."""
    schema = parsed["dags"][dag]["params"]["piece_ids"]
    assert jsonschema.Draft202012Validator(schema).is_valid(typed) is good


def test_every_step_that_a_text_names_is_one_that_the_screen_shows(parsed: Any) -> None:
    """Steps are numbered, and move when one is put between: a remedy that names another step misleads."""
    shown = {task["display"] for dag in parsed["dags"].values() for task in dag["tasks"].values()}
    texts = {
        path: path.read_text(encoding="utf-8")
        for pattern in ("dags/*.py", "plugins/**/*.py", "include/**/*.yaml", "docs/ja/**/*.md", "README.md")
        for path in REPOSITORY.glob(pattern)
    }
    named = [(path.name, name) for path, text in texts.items() for name in re.findall(r"「(\d\d [^」]+)」", text)]
    assert len(named) > 20
    assert [each for each in named if each[1] not in shown] == []


@pytest.mark.parametrize("dag", ["mailing_round", "report_incident", *CASEWORK])
@pytest.mark.parametrize("typed", ["", "髙﨑　𠮷郎", "2026-11-change 髙﨑", "0000101", "2026-11-Change"])
def test_only_a_rounds_id_is_let_into_a_runs_params(parsed: Any, dag: str, typed: str) -> None:
    schema = jsonschema.Draft202012Validator(parsed["dags"][dag]["params"]["round_id"])
    assert schema.is_valid("2026-11-change")
    assert not schema.is_valid(typed)


def test_the_plugin_loader_does_not_execute_the_package(environment: dict[str, str]) -> None:
    loaded = run(PLUGINS, environment)
    package = Path(environment["AIRFLOW__CORE__PLUGINS_FOLDER"]) / "mailround"
    bare = {path.stem for path in package.rglob("*.py") if path.stem != "__init__"}
    bare -= {
        "airflow",
        "__main__",
    }  # names of Airflow itself and of the process; ours are local/airflow.py and cli/__main__.py
    assert loaded["errors"] == {}
    assert not {name for name in loaded["modules"] if name in bare}
    assert loaded["seal"] == str(package / "seal.py")
