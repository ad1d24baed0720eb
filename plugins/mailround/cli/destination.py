"""Where secret papers go: a printer or an open file, never a path."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from typing import Annotated

import typer

from mailround.errors import ConfigurationError

Fd = Annotated[int | None, typer.Option(help="PDFを書き込む、開いているファイル記述子")]
Printer = Annotated[str | None, typer.Option(help="PDFを標準入力で受け取る印刷コマンド（例：lp）")]


def destination(fd: int | None, printer: str | None) -> Callable[[bytes], None]:
    """Return what takes a secret PDF to paper or to an open file, never to a path.

    Raises:
        ConfigurationError: Not exactly one destination is named, or there is no such command; when called, it failed.
    """

    def deliver(pdf: bytes) -> None:
        if fd is not None:
            with os.fdopen(os.dup(fd), "wb") as out:
                out.write(pdf)
            return
        done = subprocess.run(command, input=pdf, check=False)  # noqa: S603 - the operator's own command
        if done.returncode:
            raise ConfigurationError("印刷コマンドが失敗しました。", "プリンタを確認し、もう一度実行してください。")

    try:
        command = shlex.split(printer or "")
    except ValueError:
        raise ConfigurationError("印刷コマンドの引用符が閉じていません。", "--printer を確かめてください。") from None
    if (fd is None) == (not command):
        raise ConfigurationError("出力先が決まりません。", "--fd か --printer のどちらか一つを指定してください。")
    if command and shutil.which(command[0]) is None:
        raise ConfigurationError("印刷コマンドが見つかりません。", "--printer を確かめてください（例：lp）。")
    return deliver
