"""The review of a month's accesses on paper: what to look at first, then when and who, then what cannot be seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportlab.lib.colors import HexColor, black
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Spacer

from mailround.access_review import LOGIN, TITLES, TOLD, Kind, Review
from mailround.report_pages import LINE, WIDTH, Sheet, build
from mailround.settings import Settings

_WITHIN = HexColor("#bbbbbb")
_BARS = 42 * mm
_AXIS = 10 * mm
_STEPS = 4
_SIZE = 7
_HONEST = (
    "Airflowの監査記録には、開始・回答・やり直し・書換え・設定などの操作が残り、画面を開いただけの閲覧は残りません。",
    "権限がなくて断られた操作も、残ることがあります。",
    "見本、保留の一覧、返戻の一覧の閲覧は、管理簿の記録によります。",
    "ログインの失敗は、最後に成功した後の回数だけが分かります（成功すると0に戻ります）。",
    "存在しない利用者名での試行は、APIサーバーの記録（ログ）だけに残ります。",
    "利用者の追加と役割の変更は、監査記録に残らないため、前の点検のときの一覧と比べています。",
    "回答は、監査記録（回答）と管理簿（承認・差戻し、記録、不受理）の両方に数えます。",
    "「コマンド」の利用者は、機械の利用者名です。",
)


def draw_access_report(settings: Settings, told: Review) -> bytes:
    """Return the report as an A4 PDF; the same review gives the same bytes.

    Raises:
        PrintError: The font lacks a character of it.
    """
    title = f"アクセス点検報告書　{told.begins.year}年{told.begins.month}月"
    return build(settings, title, lambda sheet: _story(sheet, title, settings, told))


def _story(sheet: Sheet, title: str, settings: Settings, told: Review) -> Iterator[Flowable]:
    yield sheet.text(title, sheet.title)
    yield sheet.text(
        "Airflowの監査記録と管理簿から作成しました。利用者番号・回数・日時だけで、世帯の個人情報は含みません。"
    )
    yield Spacer(0, 2 * mm)
    yield sheet.grid(_facts(settings, told), (34 * mm, WIDTH - 34 * mm), head=False)
    yield sheet.text("指摘", sheet.heading)
    if told.findings:
        lines = [(TOLD[kind], each.who, each.text) for kind in TOLD for each in told.findings if each.kind == kind]
        widths = (42 * mm, 32 * mm, WIDTH - 74 * mm)
        yield sheet.grid([("種別", "利用者", "内容"), *lines], widths, head=True)
    else:
        yield sheet.text("指摘はありません。")
    days = [str(day) for day in range(1, len(told.days) + 1)]
    yield KeepTogether([sheet.text("日ごとの回数", sheet.heading), _Bars(sheet, told.days, days)])
    yield KeepTogether(
        [sheet.text("時間帯ごとの回数（0時〜23時）", sheet.heading), _Bars(sheet, told.hours, [*map(str, range(24))])]
    )
    yield sheet.text("利用者ごとの回数", sheet.heading)
    kinds = [kind for kind in TITLES if any(done.get(kind) for done in told.people.values())]
    yield sheet.grid([*_people(told, kinds)], _widths(len(kinds) + 1), head=True, figures=1)
    yield sheet.text("利用者と役割（点検のとき）", sheet.heading)
    users = [(each.name, "・".join(each.roles), f"{each.logins:,}", f"{each.failed:,}") for each in told.accounts]
    head = ("利用者", "役割", "これまでのログイン", "続く失敗")
    yield sheet.grid([head, *users], (40 * mm, WIDTH - 90 * mm, 30 * mm, 20 * mm), head=True, figures=2)
    yield sheet.text("分かることと、分からないこと", sheet.heading)
    for text in _HONEST:
        yield sheet.text(text, sheet.small)


def _facts(settings: Settings, told: Review) -> list[tuple[str, str]]:
    outside = sum(off for _, off in told.days)
    compared = (
        f"{told.compared[0]}〜{told.compared[-1]}（{len(told.compared)}か月）"
        if told.compared
        else "なし（初めての点検）"
    )
    return [
        ("開庁時間", f"開庁日の {settings.office_opens:%H:%M}〜{settings.office_closes:%H:%M}"),
        ("回数", f"{told.acts:,}回（うち開庁時間外 {outside:,}回）、利用者 {len(told.people):,}人"),
        (
            "いつもより多い",
            f"種別ごとに月{settings.volume_least:,}回以上で、本人のこれまでの最多の月の{settings.volume_factor:g}倍を超えるもの",
        ),
        ("ログインの失敗", f"続けて{settings.failed_logins:,}回以上"),
        ("比べた月", compared),
        ("指摘", f"{len(told.findings):,}件"),
    ]


def _people(told: Review, kinds: Sequence[Kind]) -> Iterator[tuple[str, ...]]:
    yield ("利用者", *(TITLES[kind] for kind in kinds), LOGIN)
    for who in sorted({*told.people, *(name for name, count in told.logins.items() if count)}):
        done, logins = told.people.get(who, {}), told.logins.get(who)
        yield (who, *(f"{done.get(kind, 0):,}" for kind in kinds), "－" if logins is None else f"{logins:,}")


def _widths(columns: int) -> tuple[float, ...]:
    first = 32 * mm
    return (first, *[(WIDTH - first) / columns] * columns)


class _Bars(Flowable):
    """Stacked bars with counts: light within office hours, black outside."""

    def __init__(self, sheet: Sheet, values: Sequence[tuple[int, int]], labels: Sequence[str]) -> None:
        super().__init__()
        self._font, self._values, self._labels = sheet.font, values, labels
        step = -(-max(1, *(sum(each) for each in values)) // _STEPS)
        self._scale = [step * each for each in range(_STEPS + 1)]
        self._legend = ("開庁時間内", "開庁時間外")
        sheet.texts += [*labels, *self._legend, *map(str, self._scale)]
        self.width, self.height = WIDTH, _BARS + 10 * mm

    def draw(self) -> None:
        """Draw the axis, the bars and what their shades mean."""
        canvas: Canvas = self.canv
        canvas.setFont(self._font, _SIZE)
        top, base = self._scale[-1], 5 * mm
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.4)
        for mark in self._scale:
            y = base + _BARS * mark / top
            canvas.line(_AXIS, y, WIDTH, y)
            canvas.drawRightString(_AXIS - 1 * mm, y - 2, str(mark))
        room = (WIDTH - _AXIS) / len(self._values)
        for place, (values, label) in enumerate(zip(self._values, self._labels, strict=True)):
            x, y = _AXIS + place * room, base
            for count, shade in zip(values, (_WITHIN, black), strict=True):
                canvas.setFillColor(shade)
                height = _BARS * count / top
                canvas.rect(x + room * 0.15, y, room * 0.7, height, stroke=0, fill=1)
                y += height
            canvas.setFillColor(black)
            canvas.drawCentredString(x + room / 2, 1.5 * mm, label)
        x = _AXIS
        for name, shade in zip(self._legend, (_WITHIN, black), strict=True):
            canvas.setFillColor(shade)
            canvas.rect(x, base + _BARS + 2 * mm, 3 * mm, 2.5 * mm, stroke=0, fill=1)
            canvas.setFillColor(black)
            canvas.drawString(x + 4 * mm, base + _BARS + 2.2 * mm, name)
            x += 25 * mm
