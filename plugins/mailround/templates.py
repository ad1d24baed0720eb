"""Templates: what is printed where, as data and text under include/templates/<kind>/<population>/template.yaml.

A template may extend another YAML (common geometry); only the wording of a legal population stands in its own file.
Every printed item is a `Field`: drawing, fitting and reading back walk the same fields.
"""

from __future__ import annotations

import hashlib
import re
import string
import unicodedata
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from itertools import accumulate, combinations
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic import Field as Option

from mailround.configuration import load_strictly, where_wrong
from mailround.envelopes import Box, Envelope, load_envelope
from mailround.errors import ConfigurationError
from mailround.inserter_mark import LARGEST
from mailround.model import AID_KINDS, Population
from mailround.rounds import RoundKind

Sheet = Literal["first", "more"]
"""The first page of a piece, or any further one."""
SHEETS: tuple[Sheet, ...] = ("first", "more")

_TIMES = ("before", "after", "difference")
BASIC_VALUES = (
    *("piece_id", "page", "pages", "continued", "postcode", "address", "building", "addressee", "on_behalf"),
    *("head", "case_no", "district", "issue_date"),
)
DECISION_VALUES = (
    *("document_no", "decision_date", "effective_date", "payment_date", "payment_method", "reason"),
    *(f"{time}_{what}" for time in _TIMES for what in (*AID_KINDS, "income", "total")),
)
"""What a text may name in braces; the second group only where the round carries decisions.

``continued`` is the template's text ``goes_on`` on a page that another one follows, else empty. ``on_behalf`` names
whom a guardian receives the piece for, and is empty for everybody else.
"""

_OLD_PERIOD = "平成28年の行政不服審査法改正前の期間です"
_FORBIDDEN = {
    "60日": _OLD_PERIOD,
    "六十日": _OLD_PERIOD,
    "六〇日": _OLD_PERIOD,
    "異議申立": "平成28年の行政不服審査法改正で廃止された手続です",
}
"""Words no template may carry; a ward cannot switch this off in its own file."""
_APPEAL = {
    "審査請求": "教示（行政不服審査法第82条）",
    "3か月": "審査請求の期間",
    "取消訴訟": "教示（行政事件訴訟法第46条）",
    "6か月": "取消訴訟の期間",
}
"""Words without which a notice of a decision tells no way to appeal, whatever a ward's own ``required`` says.

Only what the ward decides holds for the third population: whether its measure can be appealed at all is disputed.
"""
_TITLE = "通知書"
"""What the title of a decision calls the sheet."""
_KEPT_FROM_SUPPORT = {"生活保護": "支援給付の通知に書いてはならない語です"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Field(_Part):
    """One printed item: a text in a box. Millimetres from the page's top left corner; sizes in points.

    A text steps down from ``size`` to ``min_size`` as long as a line is too wide, then wraps; what then exceeds the
    height goes on in the field ``continues`` on the next page, or does not fit.
    """

    sheet: Literal["first", "more", "every"] = "first"
    x: float = Option(ge=0)
    y: float = Option(ge=0)
    w: float = Option(gt=0)
    h: float = Option(gt=0)
    size: float = Option(ge=5, le=40)
    min_size: float | None = Option(default=None, ge=5, description="Unset: the size is fixed.")
    align: Literal["left", "center", "right"] = "left"
    valign: Literal["top", "middle", "bottom"] = "top"
    leading: float = Option(default=1.25, ge=1, description="Line pitch in em.")
    hang: float = Option(default=0, ge=0, description="Indent of a paragraph's further lines in em.")
    text: str
    window: bool = Option(default=False, description="Seen through the envelope's window.")
    continues: str | None = Option(default=None, description="Field of the next page that takes what is left over.")
    each: bool = Option(default=False, description="Repeat for the eight kinds of aid, `*` standing for the kind.")
    pitch: float = Option(default=0, ge=0, description="Vertical distance of the repetitions.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.min_size is not None and self.min_size > self.size:
            raise ValueError("min_size が size より大きくなっています")
        if self.each is not (self.pitch > 0):
            raise ValueError("each と pitch は一緒に指定してください")
        return self

    @property
    def box(self) -> Box:
        """The field's box."""
        return Box(self.x, self.y, self.w, self.h)

    def shown_on(self, sheet: Sheet) -> bool:
        """Tell whether the field stands on such a page."""
        return self.sheet in {sheet, "every"}


class Grid(_Part):
    """Ruled lines: a box with inner lines at the ends of columns and rows (millimetres)."""

    sheet: Literal["first", "more", "every"] = "first"
    x: float = Option(ge=0)
    y: float = Option(ge=0)
    columns: tuple[float, ...] = Option(min_length=1)
    rows: tuple[float, ...] = Option(min_length=1)
    line: float = Option(default=0.2, gt=0, le=1)

    @property
    def lines(self) -> tuple[Box, ...]:
        """The ruled lines, with their thickness."""
        xs, ys = tuple(accumulate(self.columns, initial=self.x)), tuple(accumulate(self.rows, initial=self.y))
        return (
            *(Box(x - self.line / 2, self.y, self.line, ys[-1] - self.y) for x in xs),
            *(Box(self.x, y - self.line / 2, xs[-1] - self.x, self.line) for y in ys),
        )

    @property
    def box(self) -> Box:
        """What the lines enclose."""
        return Box(self.x, self.y, sum(self.columns), sum(self.rows))

    def shown_on(self, sheet: Sheet) -> bool:
        """Tell whether the grid stands on such a page."""
        return self.sheet in {sheet, "every"}


class CustomerBarcode(_Part):
    """Where the customer barcode stands on the first page: the top left corner of its first bar (millimetres).

    ``point`` is Japan Post's size a in points; every measure of a bar grows with it (a = 10: bars of 0.6 mm, 1.2 mm
    from one to the next, the long ones 3.6 mm).
    """

    x: float = Option(ge=0)
    y: float = Option(ge=0)
    point: float = Option(default=10, ge=8, le=11.5)

    @property
    def box(self) -> Box:
        """What the 67 bars cover."""
        return Box(self.x, self.y, (66 * 1.2 + 0.6) * self.point / 10, 3.6 * self.point / 10)


class InserterMark(_Part):
    """Where the Data Matrix for the inserter stands on every page: the top left corner of the symbol (millimetres)."""

    x: float = Option(ge=0)
    y: float = Option(ge=0)
    module: float = Option(
        default=0.4233, ge=0.3, le=1, description="Side of one module; 0.4233 is ten dots at 600 dpi."
    )

    @property
    def box(self) -> Box:
        """What the largest symbol used covers, with its quiet zone of one module on each side."""
        side = LARGEST * self.module
        return Box(self.x, self.y, side, side).grown(self.module)


class Seal(_Part):
    """The image of the official seal on the first page, in place of the words that say it is omitted."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    image: str = Option(pattern=r"^[a-z0-9_-]+\.png$", description="File beside the population's template.yaml.")
    x: float = Option(ge=0)
    y: float = Option(ge=0)
    w: float = Option(gt=0)
    h: float = Option(gt=0)
    png: bytes = Option(description="The file, read with the template; a YAML does not hold it.")

    @property
    def box(self) -> Box:
        """What the image covers."""
        return Box(self.x, self.y, self.w, self.h)


class Approval(_Part):
    """Who answers for a text that the law prescribes. Staff by id or division, never by name."""

    version: str = Option(description="The ward's own name of this wording.")
    approved_by: str
    approved_on: date


class Template(_Part):
    """Everything printed on the pages of one kind of notice for one legal population."""

    population: Population | None = Option(default=None, exclude=True, description="Whose it is: of its folder.")
    width: float = Option(gt=0)
    height: float = Option(gt=0)
    margin: float = Option(ge=0, description="Strip along the page's edges that the printer cannot print on.")
    envelope: Envelope = Option(description="A YAML names one of include/envelopes/; it is read with the template.")
    fields: dict[str, Field]
    grids: dict[str, Grid] = Option(default_factory=dict)
    barcode: CustomerBarcode
    mark: InserterMark
    seal: Seal | None = None
    texts: dict[str, str]
    approvals: dict[str, Approval] = Option(default_factory=dict, description="Name of a text → who answers for it.")
    required: dict[str, str] = Option(default_factory=dict, description="Words that must be printed → why.")

    def wording(self, field: Field) -> str:
        """Return the field's text with the template's own texts put in; what is left in braces is the piece's."""
        return self._expanded(field.text)

    @cached_property
    def moving(self) -> dict[str, tuple[Field, str]]:
        """The fields that differ from piece to piece, with their wording, in print order."""
        return {name: pair for name, pair in self._worded.items() if name not in self.still}

    @cached_property
    def still(self) -> dict[str, tuple[Field, str]]:
        """The fields that are the same on every piece, with their wording, in print order."""
        continuations = {field.continues for field in self.fields.values()}
        return {
            name: pair for name, pair in self._worded.items() if name not in continuations and not placeholders(pair[1])
        }

    @cached_property
    def _worded(self) -> dict[str, tuple[Field, str]]:
        return {name: (field, self.wording(field)) for name, field in self.fields.items()}

    def _expanded(self, text: str, within: tuple[str, ...] = ()) -> str:
        parts = []
        for literal, name, _, _ in string.Formatter().parse(text):
            parts.append(literal.replace("{", "{{").replace("}", "}}"))
            if name in within:
                raise ValueError(f"texts の {name} が自分自身を使っています")
            if name in self.texts:
                parts.append(self._expanded(self.texts[name], (*within, name)))
            elif name is not None:
                parts.append(f"{{{name}}}")
        return "".join(parts)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, (field, _) in self._worded.items():
            if field.x + field.w > self.width or field.y + field.h > self.height:
                raise ValueError(f"fields の {name} が用紙の外にはみ出しています")
            if field.continues:
                target = self.fields.get(field.continues)
                if target is None or target.sheet != "more" or target.text:
                    raise ValueError(f"fields の {name} の continues は、2頁目以降の空の項目を指してください")
        return self

    def faults(self, population: Population, *, decision: bool) -> list[str]:
        """Return what is wrong with the wording, in Japanese: unknown values, missing and forbidden words."""
        known = {*BASIC_VALUES, *(DECISION_VALUES if decision else ())}
        wordings = {name: self.wording(field) for name, field in self.fields.items()}
        found = [
            f"項目 {name} の {{{value}}} は印字できない項目です"
            for name, wording in wordings.items()
            for value in placeholders(wording)
            if value not in known
        ]
        whole = folded("\n".join(wordings.values()))
        required = self.required | (_APPEAL if decision and population is not Population.EQUIVALENT else {})
        lacking = {word: why for word, why in required.items() if folded(word) not in whole}
        found += [f"「{word}」がありません（{why}）" for word, why in lacking.items()]
        if decision:
            found += self._misnamed()
        refused = {
            word: why for word, why in (_FORBIDDEN | words_kept_from(population)).items() if folded(word) in whole
        }
        found += [f"「{word}」があります（{why}）" for word, why in refused.items()]
        return found

    def _misnamed(self) -> list[str]:
        """Return what is wrong with the names of a decision and of its amounts."""
        title = folded(self._expanded(self.texts.get("title", "")))
        first = folded("\n".join(wording for field, wording in self._worded.values() if field.shown_on("first")))
        found = [] if _TITLE in title and title in first else [f"「{_TITLE}」のある title が1頁目に印字されません"]
        labels = {name: folded(self._expanded(text)) for name, text in self.texts.items() if name.startswith("label_")}
        return found + [
            f"texts の {one} と {other} が同じ名称です"
            for one, other in combinations(labels, 2)
            if labels[one] == labels[other]
        ]


def words_kept_from(population: Population) -> dict[str, str]:
    """Return the words that nothing printed for such a household may carry, the record's text included, with why."""
    return _KEPT_FROM_SUPPORT if population is Population.SUPPORT else {}


def placeholders(text: str) -> list[str]:
    """Return the names in braces, in order."""
    return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]


def literal(text: str) -> str:
    """Return the text without its names in braces."""
    return "".join(words for words, _, _, _ in string.Formatter().parse(text))


def folded(text: str) -> str:
    """Return the text as compared with words: widths unified, no blanks, so that no way of writing hides a word."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def load_templates(include: Path, kind: RoundKind) -> dict[Population, Template]:
    """Return the template of every legal population.

    Raises:
        ConfigurationError: A file is missing, does not fit the model, or its wording breaks a rule.
    """
    return {population: load_template(include, kind, population) for population in Population}


def digest(templates: Mapping[Population, Template]) -> str:
    """Return the SHA-256 over all that some templates say, so that the register tells which wording was printed."""
    return hashlib.sha256(written(templates)).hexdigest()


def written(templates: Mapping[Population, Template]) -> bytes:
    """Return all that some templates say: a line of JSON each, in the order of the populations' names."""
    return b"".join(templates[population].model_dump_json().encode() + b"\n" for population in sorted(templates))


def load_template(include: Path, kind: RoundKind, population: Population) -> Template:
    """Return one template, with everything it extends put together.

    Raises:
        ConfigurationError: As `load_templates`.
    """
    template = read_template(include, kind, population)
    if found := template.faults(population, decision=kind.decision):
        raise _wrong(kind, population, found)
    return template


def read_template(include: Path, kind: RoundKind, population: Population) -> Template:
    """Return one template whose wording nobody has judged yet.

    Raises:
        ConfigurationError: A file is missing or does not fit the model, or the envelope is unknown or wrong.
    """
    path = own_file(include, kind, population)
    try:
        content = _merged(path, include / "templates")
        if "envelope" in content:
            content["envelope"] = load_envelope(include, str(content["envelope"]))
        return Template.model_validate(_with_seal(_repeated(content), path.parent) | {"population": population})
    except ValidationError as error:
        raise _wrong(kind, population, [where_wrong(error)]) from None
    except (LookupError, ValueError, TypeError, AttributeError):  # a list where a mapping belongs, and the like
        raise _wrong(kind, population, ["YAMLの書式（fields、seal、extends の形）"]) from None


def own_file(include: Path, kind: RoundKind, population: Population) -> Path:
    """Return the file that holds what this legal population shares with no other."""
    return include / "templates" / kind.templates / population / "template.yaml"


def _wrong(kind: RoundKind, population: Population, found: list[str]) -> ConfigurationError:
    return ConfigurationError(
        f"様式「{kind.templates}/{population}」に誤りがあります：{'、'.join(found)}。",
        "include/templates の該当するファイルを直してください。",
    )


def _merged(path: Path, root: Path) -> dict[str, Any]:
    """Read a YAML and lay it over what it extends; mappings merge, everything else replaces."""
    if not path.resolve().is_relative_to(root.resolve()) or not path.is_file():
        raise ConfigurationError(
            f"様式のファイル {path.name} が include/templates の {path.parent.name} にありません。",
            "様式のフォルダと extends の指定を確かめてください。",
        )
    try:
        content = load_strictly(path)
    except (ValueError, yaml.YAMLError) as error:
        raise _unreadable(path, root, where_wrong(error)) from None
    if not isinstance(content, dict):
        raise _unreadable(path, root, "空か、「項目: 値」の形ではありません")
    base = content.pop("extends", None)
    return _laid_over(_merged(path.parent / base, root), content) if base else content


def _unreadable(path: Path, root: Path, why: str) -> ConfigurationError:
    file = path.resolve().relative_to(root.resolve())
    return ConfigurationError(
        f"様式のファイル {file} に誤りがあります：{why}。", f"include/templates/{file} を直してください。"
    )


def _with_seal(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Put the seal's file into what names it."""
    seal = content.get("seal")
    if seal is None:
        return content
    path = folder / Path(seal["image"]).name
    if not path.is_file():
        raise ConfigurationError(
            f"印影のファイル {path.name} が include/templates の {folder.name} にありません。",
            "様式のフォルダと seal の image の指定を確かめてください。",
        )
    return content | {"seal": seal | {"png": path.read_bytes()}}


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _laid_over(merged[name], value) if both else value
    return merged


def _repeated(content: dict[str, Any]) -> dict[str, Any]:
    """Write out the fields that repeat for the eight kinds of aid."""
    fields: dict[str, Any] = {}
    for name, field in content["fields"].items():
        if not field.get("each"):
            fields[name] = field
            continue
        checked = Field.model_validate(field)
        for row, kind in enumerate(AID_KINDS):
            fields[f"{name}_{kind}"] = checked.model_dump() | {
                "y": checked.y + row * checked.pitch,
                "text": checked.text.replace("*", kind),
                "each": False,
                "pitch": 0,
            }
    return content | {"fields": fields}
