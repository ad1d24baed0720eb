"""``mailround barcode``: how an address becomes a customer barcode."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def barcode(
    postcode: Annotated[str, typer.Argument(help="郵便番号（7桁。ハイフンがあってもよい）")],
    address: Annotated[str, typer.Argument(help="住所（都道府県か市区町村から番地まで）")],
    building: Annotated[str, typer.Option(help="方書（建物名・部屋番号）")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="結果をJSONで出力する")] = False,
) -> None:
    """住所から作られるカスタマバーコードを、町域の区切りとともに表示します。

    何も記録しません。入力した住所はシェルの履歴に残ることがあります。
    """
    from mailround.barcodes import barcode_of
    from mailround.errors import PrintError
    from mailround.model import Addressee
    from mailround.postcodes import load_postcodes, seven_digits

    postcodes = load_postcodes()
    code = seven_digits(postcode)
    if code is None or not postcodes.exists(code):
        happened = "郵便番号が7桁の数字ではありません。" if code is None else "その郵便番号は使われていません。"
        raise PrintError(happened, "郵便番号と住所を確かめてください。")
    found = barcode_of(Addressee("", code, address, building), postcodes)
    if as_json:
        result = {
            "town": found.split.town,
            "rest": found.split.rest,
            "address_number": found.address_number,
            "code_words": found.code_words,
            "bars": found.bars,
        }
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    typer.echo(f"町域：{found.split.town or '（住所から分かりません）'}")
    typer.echo(f"町域の後：{found.split.rest}")
    typer.echo(f"住所表示番号：{found.address_number or '（なし）'}")
    if found.bars:
        typer.echo(f"符号語：{' '.join(found.code_words)}")
        typer.echo(f"バー：{found.bars}")
    else:
        typer.echo("バーコードは印字しません。町域が定まらない郵便番号（代表番号）です。")
    if not found.split.agrees:
        typer.echo("住所が、郵便番号の表す町域と一致しません。どちらが正しいか確かめてください。")
