"""What a package carries is what its templates print and its lists have columns for; contracts approve exactly that."""

from __future__ import annotations

import pytest

from mailround.approved_items import carried_items
from mailround.configuration import names
from mailround.contracts import load_contract
from mailround.package_check import BUNDLE_COLUMNS, PIECE_COLUMNS
from mailround.rounds import load_round_kind
from mailround.settings import REPOSITORY
from mailround.templates import load_templates

INCLUDE = REPOSITORY / "include"


@pytest.mark.parametrize("kind", names(INCLUDE / "rounds"))
@pytest.mark.parametrize("contract", names(INCLUDE / "contracts"))
def test_every_shipped_contract_approves_what_is_carried_and_nothing_else(contract: str, kind: str) -> None:
    templates = load_templates(INCLUDE, load_round_kind(INCLUDE, kind))
    approved = load_contract(INCLUDE, contract).approved_items[kind].items
    assert carried_items(templates.values()) == set(approved)


def test_a_value_in_any_population_s_wording_is_carried_also_one_inside_a_text_of_the_template() -> None:
    templates = load_templates(INCLUDE, load_round_kind(INCLUDE, "change_notice"))
    (population, template), *_ = templates.items()
    field = next(iter(template.fields))
    more = template.fields[field].model_copy(update={"text": "{note}"})
    worded = {"fields": template.fields | {field: more}, "texts": template.texts | {"note": "支援{district}"}}
    changed = (
        type(template).model_validate(template.model_dump() | {"population": population}).model_copy(update=worded)
    )
    found = carried_items((templates | {population: changed}).values())
    assert found - carried_items(templates.values()) == {"district"}


def test_the_columns_of_both_lists_are_carried_whatever_is_printed() -> None:
    assert carried_items(()) == {*PIECE_COLUMNS, *BUNDLE_COLUMNS}
