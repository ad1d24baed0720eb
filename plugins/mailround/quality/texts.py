"""Questions about what is printed: names, characters, room in the form, words. True where all is well.

Texts come as columns; a household is well when all of them are.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import and_

import numpy as np
import numpy.typing as npt
import pandas as pd

from mailround.characters import has_stray_selector, refused_characters
from mailround.composition import refused_words
from mailround.fonts import FontStack, has_selector
from mailround.model import Population
from mailround.quality.forms import Forms
from mailround.templates import words_kept_from

_PLACEHOLDERS = frozenset(
    {
        *(
            "不明",
            "不詳",
            "未定",
            "未登録",
            "未入力",
            "(未入力)",
            "(不明)",
            "なし",
            "無し",
            "名無し",
            "仮名",
            "仮称",
            "ダミー",
        ),
        *(
            "氏名不明",
            "氏名不詳",
            "氏名不明者",
            "身元不明",
            "身元不明者",
            "身元不詳",
            "姓名不詳",
            "該当なし",
            "同上",
            "テスト",
        ),
    }
)
"""What is entered where something is not known."""
_FOR_TESTS = re.compile("テスト(?:太郎|花子|一郎|用|データ)|(?:ダミー|サンプル)データ")
_LONGEST_PLACEHOLDER = 20
"""More than any of the words above has, however it is spaced out."""
_WORDS = re.compile("[\u4e00-\u9fffぁ-ん]{2}")
_LOST = re.compile("[〓?？\ufffd■□▲△▼▽●◎◆◇★☆※＊*]|[○〇]{2}|[×✕]{2}")
"""Signs that stand for a letter which was lost on the way, or is kept back: 〓 above all."""
_PLAIN_NAME = re.compile("[\u3005\u4e00-\u9fffぁ-んァ-ヶー]+[ \u3000][\u3005\u4e00-\u9fffぁ-んァ-ヶー]+")
"""What most names are, and nothing that could stand for a lost letter."""
_UNLIKE_ONE_LETTER = frozenset("\r\n")
_LETTERS = frozenset({"Lo", "Lu", "Ll", "Lt"})


def name_present(*names: pd.Series) -> pd.Series:
    """Every one is a name: some letter in it, none lost, and not a word that stands for a missing name."""
    known = {text: _is_name(text) for text in set().union(*names)}  # most are addressed by their own name
    return _all(name.map(known).astype(bool) for name in names)


def _is_name(text: str) -> bool:
    if _PLAIN_NAME.fullmatch(text):
        return "".join(text.split()) not in _PLACEHOLDERS and not _FOR_TESTS.search("".join(text.split()))
    plain = unicodedata.normalize("NFKC", text)
    return (
        _says_something(text)
        and not _LOST.search(text)
        and not any(unicodedata.category(letter) == "So" for letter in plain)
    )


def reason_present(reason: pd.Series) -> pd.Series:
    """The reason says something: it is neither blank nor a word that stands for a missing one."""
    known = {text: _says_something(text) for text in reason.unique()}
    return reason.map(known).astype(bool)


def _says_something(text: str) -> bool:
    if len(text) > _LONGEST_PLACEHOLDER and _WORDS.search(text):
        return True
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    return (
        plain.strip("。.、,") not in _PLACEHOLDERS
        and not _FOR_TESTS.search(plain)
        and any(unicodedata.category(letter) in _LETTERS for letter in plain)
    )


def filled_in(text: pd.Series) -> pd.Series:
    """The text holds more than blanks."""
    return text.str.strip() != ""


def characters_allowed(*texts: pd.Series) -> pd.Series:
    """No control, invisible, 外字 or unassigned character, and no selector but behind Han."""
    return _all(map(_allowed, texts))


def _allowed(text: pd.Series) -> pd.Series:
    used = _characters(text)
    well = ~_holds(text, refused_characters(used))
    if has_selector(used):
        well &= ~text.map(has_stray_selector).astype(bool)
    return well


def glyphs_in_font(*texts: pd.Series, font: FontStack) -> pd.Series:
    """The font has every character and sequence; what may not be printed anyway is the other rule's."""
    return _all(_shown(text, font) for text in texts)


def _shown(text: pd.Series, font: FontStack) -> pd.Series:
    used = _characters(text)
    refused = dict.fromkeys(map(ord, refused_characters(used)))
    if not has_selector(used):
        return ~_holds(text, frozenset(font.missing(used.translate(refused))))
    sequences = text.map(has_selector).astype(bool)
    plain = text[~sequences]
    lacking = frozenset(font.missing(_characters(plain).translate(refused)))
    whole = text[sequences].map(lambda each: not font.missing(each.translate(refused))).astype(bool)
    return pd.concat([~_holds(plain, lacking), whole]).reindex(text.index)


def fits_the_form(record: pd.Series, to: pd.Series, *texts: pd.Series, forms: Forms) -> pd.Series:
    """Every field of the household's form holds its text, measured as it is composed.

    ``texts`` are `PRINTED`; one that is of few letters need not be measured.
    """
    narrow = _of_few_letters(record, texts, forms) if texts else np.zeros(len(record), dtype=bool)
    return pd.Series(
        [
            forms.fits(each, addressee, narrow=known)
            for each, addressee, known in zip(record, to, narrow.tolist(), strict=True)
        ],
        index=record.index,
        dtype=bool,
    )


def _of_few_letters(record: pd.Series, texts: Sequence[pd.Series], forms: Forms) -> npt.NDArray[np.bool_]:
    """Tell whose texts are all of so few letters that each is on one line, be they as wide as any of the block."""
    used = set().union(*map(_characters, texts))
    if not used or used & _UNLIKE_ONE_LETTER or has_selector("".join(used)):
        return np.zeros(len(record), dtype=bool)
    widest = max(1.0, *forms.font.widths(used))
    most = {each: forms.most_letters(each, widest)[: len(texts)] for each in forms.templates}
    lengths = np.array([np.fromiter(map(len, text), dtype=np.int64, count=len(text)) for text in texts]).T
    few: npt.NDArray[np.bool_] = np.logical_or(
        lengths == 0, lengths <= np.array([most[each.population] for each in record])
    )
    return np.asarray(few.all(axis=1))


def words_allowed(record: pd.Series, to: pd.Series, *, forms: Forms) -> pd.Series:
    """Nothing printed of the household carries a word that its population must not be written."""
    return pd.Series(
        [
            not words_kept_from(each.population)
            or (known := forms.values(each, addressee)) is None
            or not refused_words(each.population, known)
            for each, addressee in zip(record, to, strict=True)
        ],
        index=record.index,
        dtype=bool,
    )


def template_of_population(population: pd.Series, *, forms: Forms) -> pd.Series:
    """There is a form for the household's population, and it is that population's own."""
    return population.isin([each for each in Population if forms.belongs(each)])


def unfit_fields(case_no: pd.Series, record: pd.Series, to: pd.Series, *_: pd.Series, forms: Forms) -> dict[int, str]:
    """Return, by record, the fields that keep a household from fitting its form, in Japanese where we can."""
    return {
        number: "、".join(dict.fromkeys(_FIELD_TITLES.get(name, name) for name in forms.misfits(each, addressee)))
        for number, each, addressee in zip(case_no.index, record, to, strict=True)
    }


_FIELD_TITLES: Mapping[str, str] = {
    "addressee": "宛名",
    "on_behalf": "宛名（後見）",
    "postcode": "郵便番号",
    "address": "住所",
    "building": "方書",
    "head": "世帯主氏名",
    "case_no": "ケース番号",
    "more_case": "ケース番号",
    "document_no": "文書番号",
    "more_document": "文書番号",
    "reason": "決定の理由",
    "reason_more": "決定の理由",
}


def _characters(text: pd.Series) -> str:
    """Return the characters of all texts, each once, by code point.

    Not as a set of each text: the reasons of a large round alone are some hundred million characters.
    """
    points = np.frombuffer("".join(text).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    seen = np.zeros(sys.maxunicode + 1, dtype=bool)
    seen[points] = True
    return "".join(map(chr, np.flatnonzero(seen)))


def _holds(text: pd.Series, characters: frozenset[str]) -> pd.Series:
    """Tell where a text holds one of the characters."""
    if not characters:
        return pd.Series(data=False, index=text.index)
    found = re.compile(f"[{re.escape(''.join(characters))}]").search
    return text.map(lambda each: found(each) is not None).astype(bool)


def _all(answers: Iterator[pd.Series]) -> pd.Series:
    return reduce(and_, answers)
