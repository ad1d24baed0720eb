"""Read a YAML of include/ into a validated model, with a Japanese message when it is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

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
        return model.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        where = (
            "、".join(".".join(map(str, each["loc"])) + f"（{each['msg']}）" for each in error.errors())
            if isinstance(error, ValidationError)
            else "YAMLの書式"
        )
        raise ConfigurationError(
            f"{what}「{name}」の設定ファイルに誤りがあります：{where}。", f"{path.name} の該当項目を直してください。"
        ) from None


def names(folder: Path) -> tuple[str, ...]:
    """Return the names of the YAML files in a folder of include/, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))
