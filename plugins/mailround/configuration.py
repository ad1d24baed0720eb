"""Read a YAML of include/ into a validated model, with a Japanese message when it is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mailround.errors import ConfigurationError

Model = TypeVar("Model", bound=BaseModel)

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")


def read_yaml(folder: Path, name: str, model: type[Model], what: str) -> Model:
    """Return ``folder/name.yaml`` as ``model``; ``what`` is the Japanese word for such a file.

    Raises:
        ConfigurationError: The name is unknown or the file does not fit the model; names the fields at fault.
    """
    path = folder / f"{name}.yaml"
    if not _NAME.fullmatch(name) or not path.is_file():
        known = "、".join(names(folder)) or "なし"
        raise ConfigurationError(
            f"{what}「{name[:40]}」は登録されていません。", f"登録済みの名称から選んでください（{known}）。"
        )
    try:
        content = model.model_validate(load_strictly(path))
    except (ValueError, yaml.YAMLError) as error:  # ValueError: wrong fields, not UTF-8, a date that does not exist
        where = where_wrong(error)
        raise ConfigurationError(
            f"{what}「{name}」の設定ファイルに誤りがあります：{where}。", f"{path.name} の該当項目を直してください。"
        ) from None
    if getattr(content, "name", name) != name:  # a copied file would speak in another's name
        raise ConfigurationError(
            f"{what}「{name}」の name が、ファイル名と違います。", f"{path.name} の name を「{name}」にしてください。"
        )
    return content


def load_strictly(path: Path) -> Any:  # noqa: ANN401 - whatever stands in the file
    """Return what stands in a YAML file, in which no key may be given twice.

    Raises:
        UnicodeDecodeError: It is not UTF-8.
        ValueError: It holds a value that cannot be, as a date that does not exist.
        yaml.YAMLError: It is not YAML, or a key stands twice. `where_wrong` tells any of them in Japanese.
    """
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader


class _RepeatedKeyError(yaml.MarkedYAMLError):
    """A key stands twice in one mapping."""


class _Loader(yaml.CSafeLoader):
    """libyaml's safe loader, many times as fast; of two entries with one key the last does not win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                raise _RepeatedKeyError(problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def where_wrong(error: Exception) -> str:
    """Return what is wrong with a file, in Japanese."""
    match error:
        case ValidationError():
            return "、".join(
                ".".join(map(str, each["loc"])) + f"（{_problem(each)}）" for each in error.errors(include_url=False)
            )
        case _RepeatedKeyError():
            return f"同じ項目が二度あります（{error.problem_mark.line + 1 if error.problem_mark else '?'}行目）"
        case yaml.MarkedYAMLError():
            return f"YAMLの書式（{error.problem_mark.line + 1 if error.problem_mark else '?'}行目）"
        case UnicodeDecodeError():
            return "文字コード（UTF-8で保存してください）"
        case _:
            return "値の書式（存在しない日付など）"


def _problem(each: ErrorDetails) -> str:
    """Return the Japanese words for one problem; a model's own checks bring theirs, a library's are English."""
    context = each.get("ctx", {})
    own = str(context.get("error", ""))
    return own if not own.isascii() else _PROBLEMS.get(each["type"], _ELSE).format_map(context)


_ELSE = "値の形か範囲が違います"
_PROBLEMS = {
    "extra_forbidden": "知らない項目です",
    "missing": "必要な項目です",
    "string_too_long": "長すぎます",
    "string_too_short": "短すぎます",
    "too_short": "{min_length} つ以上書いてください",
    "string_type": "文字列にしてください（コードは引用符で囲む）",
    "int_type": "整数にしてください",
    "int_parsing": "整数にしてください",
    "int_from_float": "整数にしてください",
    "float_type": "数値にしてください",
    "float_parsing": "数値にしてください",
    "finite_number": "数値にしてください",
    "bool_type": "true か false にしてください",
    "bool_parsing": "true か false にしてください",
    "greater_than": "{gt} より大きい値にしてください",
    "greater_than_equal": "{ge} 以上にしてください",
    "less_than": "{lt} より小さい値にしてください",
    "less_than_equal": "{le} 以下にしてください",
    "date_type": "日付（例：2026-04-01）にしてください",
    "date_parsing": "日付（例：2026-04-01）にしてください",
    "date_from_datetime_parsing": "日付（例：2026-04-01）にしてください",
    "date_from_datetime_inexact": "時刻のない日付（例：2026-04-01）にしてください",
    "literal_error": "使える値のどれでもありません",
    "string_pattern_mismatch": "書式が違います",
}


def names(folder: Path) -> tuple[str, ...]:
    """Return the names of the YAML files in a folder of include/, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml") if _NAME.fullmatch(path.stem)))
