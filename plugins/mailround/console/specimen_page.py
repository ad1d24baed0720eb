"""One page of a specimen as a picture: of a made-up household, so it needs no record."""

from __future__ import annotations

from mailround.console.specimens import chosen
from mailround.console.visit import Answer, File, Visit
from mailround.page_image import page_image
from mailround.specimen_sheet import draw_specimen
from mailround.templates import read_template


def show(visit: Visit) -> Answer:
    """Return the picture.

    Raises:
        NotFoundError: There is no such specimen.
        PrintError: It cannot be drawn, or has no such page.
        ConfigurationError: The template cannot be read.
    """
    kind, population, household, page = chosen(visit)
    template = read_template(visit.settings.include, kind, population)
    sheet = draw_specimen(template, kind, population, household, visit.settings)
    return File(page_image(sheet.content, page), "image/png")
