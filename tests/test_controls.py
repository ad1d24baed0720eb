"""The checklist: the ward's own wording, every row once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from mailround.controls import load_controls
from mailround.errors import ConfigurationError
from mailround.gates import ADDRESSES, APPROVAL, FRESH, HANDOVER, ITEMS, OPENING, RECENT, SETTLED
from mailround.register.entries import Body
from mailround.settings import REPOSITORY

INCLUDE = REPOSITORY / "include"
CONTROLS = load_controls(INCLUDE)
GATES = {gate.id: gate for gate in (*OPENING, *ITEMS, *APPROVAL, *HANDOVER, *FRESH, *RECENT, *ADDRESSES, *SETTLED)}


def kinds(body: type[Body] = Body) -> set[str]:
    return {str(kind.model_fields["kind"].default) for kind in body.__subclasses__()}


def test_there_are_24_rows_on_either_side() -> None:
    assert [each.id for each in CONTROLS] == [f"{side}{number:02d}" for side in "WC" for number in range(1, 25)]
    assert [each.number for each in CONTROLS] == [*range(1, 25)] * 2


def test_the_wording_is_that_of_the_paper_the_ward_put_before_its_council() -> None:
    texts = "\n".join(each.text for each in CONTROLS)
    assert (
        hashlib.sha256(texts.encode("utf-8")).hexdigest()
        == "9ba2666384d84ed5ae9691fdd99b4a1e837e23f4f7b9a978ff617fb7ce0d6825"
    )


@pytest.mark.parametrize("control", CONTROLS, ids=lambda each: each.id)
def test_a_row_names_gates_and_entries_that_there_are(control: object) -> None:
    assert set(control.gates) <= GATES.keys()
    assert set(control.entries) <= kinds()


def test_every_gate_keeps_a_row_of_its_number() -> None:
    """A gate that no row names, or only rows of other numbers, would be missing in the evidence."""
    for gate in GATES.values():
        named = {each.number for each in CONTROLS if gate.id in each.gates}
        assert set(gate.controls) <= named, gate.id


@pytest.mark.parametrize(
    "fault",
    [
        lambda rows: rows[1:],
        lambda rows: [*rows, rows[-1]],
        lambda rows: [rows[1], rows[0], *rows[2:]],
        lambda rows: [{**rows[0], "id": "X01"}, *rows[1:]],
        lambda rows: [{**rows[0], "text": ""}, *rows[1:]],
        lambda rows: [{**rows[0], "gate": ["contract_in_term"]}, *rows[1:]],
    ],
)
def test_a_checklist_with_a_row_too_few_too_many_or_strange_is_refused(tmp_path: Path, fault: object) -> None:
    rows = yaml.safe_load((INCLUDE / "controls.yaml").read_text(encoding="utf-8"))["controls"]
    (tmp_path / "controls.yaml").write_text(yaml.safe_dump({"controls": fault(rows)}, allow_unicode=True), "utf-8")
    with pytest.raises(ConfigurationError, match="点検表「controls」"):
        load_controls(tmp_path)
