"""What was searched for in the register, as a file: CSV for a spreadsheet, or a PDF to print."""

from __future__ import annotations

from mailround.console.register import FIELDS, KINDS, read
from mailround.console.visit import Answer, File, NotFoundError, Visit
from mailround.errors import RegisterError
from mailround.register.listing import csv_lines
from mailround.register_pdf import draw_register

MOST_ON_PAPER = 1_000
TITLES = dict(zip(FIELDS, ("回", "種別", "取扱者", "含む文字", "いつから", "いつまで"), strict=True))


def show(visit: Visit) -> Answer:
    """Return the file.

    Raises:
        NotFoundError: There is no such form.
        RegisterError: There are more entries than fit.
    """
    form = visit.asked["form"]
    if form not in ("csv", "pdf"):
        raise NotFoundError("書き出しは、CSV か PDF です。", "管理簿のページから選び直してください。")
    wanted, wrong = read(visit.asked)
    if wrong:
        raise RegisterError("絞り込みの条件を読めません。", "".join(wrong))
    file = f"register-{visit.at:%Y%m%d-%H%M}.{form}"
    if form == "csv":
        lines = (line.encode("utf-8") for line in csv_lines(visit.register.each(wanted)))
        return File(lines, "text/csv; charset=utf-8", file)
    found = visit.register.found(wanted, most=MOST_ON_PAPER + 1)
    if len(found) > MOST_ON_PAPER:
        raise RegisterError(
            f"{MOST_ON_PAPER:,}件より多いため、PDFに書き出せません。",
            "回や期間で絞り込むか、CSVに書き出してください。",
        )
    asked = [f"{TITLES[field]}：{KINDS.get(value, value)}" for field in FIELDS if (value := visit.asked.get(field))]
    pdf = draw_register(visit.settings, tuple(reversed(found)), asked, visit.at)
    return File(pdf, "application/pdf", file)
