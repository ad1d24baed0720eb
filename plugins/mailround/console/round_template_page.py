"""One page of the last round's notice or of this one's as a picture: of a made-up household, so it needs no record."""

from __future__ import annotations

from mailround.console.proof import round_of
from mailround.console.specimens import chosen
from mailround.console.visit import Answer, File, NotFoundError, Visit
from mailround.last_templates import compared_templates, template_change
from mailround.page_image import page_image
from mailround.specimen_sheet import draw_specimen


def show(visit: Visit) -> Answer:
    """Return the picture.

    Raises:
        NotFoundError: The register knows no such round, there is no such notice, or nothing to compare it with.
        PrintError: It cannot be drawn, or has no such page.
        WorkspaceError: The kept templates are not those that the register stands for.
    """
    work = round_of(visit)
    kind, population, household, page = chosen(visit.about(kind=work.kind.name))
    change = template_change(work)
    compared = compared_templates(work, change) if change else None
    if compared is None or visit.asked["side"] not in {"before", "now"}:
        raise NotFoundError("比べる様式がありません。", "様式の比較のページから選び直してください。")
    both = compared[population]
    template = both.before if visit.asked["side"] == "before" else both.now
    sheet = draw_specimen(template, kind, population, household, visit.settings)
    return File(page_image(sheet.content, page), "image/png")
