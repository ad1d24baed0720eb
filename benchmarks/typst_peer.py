"""The notice with Typst: one document a file, its notices handed over as JSON, both codes as one SVG."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typst
from writer import NOTICES, measure

_DOCUMENT = r"""
#let data = json(bytes(sys.inputs.notices))
#set page(width: 210mm, height: 297mm, margin: 0mm)
#set text(font: "IPAmjMincho", lang: "ja", fallback: false, cjk-latin-spacing: none)
#set text(top-edge: 0.88em, bottom-edge: -0.12em)
#let horizontal = (left: left, center: center, right: right)
#let vertical = (top: top, middle: horizon, bottom: bottom)
#let set-box(box-of, words) = place(
  top + left, dx: box-of.x * 1mm, dy: box-of.y * 1mm,
  box(width: box-of.w * 1mm, height: box-of.h * 1mm, align(
    horizontal.at(box-of.align) + vertical.at(box-of.valign),
    text(size: box-of.size * 1pt, par(leading: (box-of.leading - 1) * box-of.size * 1pt, words)),
  )),
)
#let layers = (:)
#for (population, form) in data.forms {
  layers.insert(population, {
    for rule in form.rules {
      let (x, y, to-x, to-y, width) = rule
      place(top + left, line(start: (x * 1mm, y * 1mm), end: (to-x * 1mm, to-y * 1mm), stroke: width * 1mm))
    }
    for each in form.boxes { if each.text != none { set-box(each, each.text) } }
  })
}
#for notice in data.notices {
  page({
    layers.at(notice.population)
    for each in data.forms.at(notice.population).boxes {
      if each.text == none { set-box(each, notice.texts.at(each.name)) }
    }
    place(top + left, image(bytes(notice.codes), format: "svg", width: 210mm, height: 297mm))
  })
}
"""


def prepare(folder: Path) -> tuple[Sequence[Any], Callable[[Sequence[Any]], bytes]]:
    """Read the notices, and set the compiler up with the font."""
    found = json.loads((folder / NOTICES).read_text(encoding="utf-8"))
    source = folder / "notice.typ"
    source.write_text(_DOCUMENT, encoding="utf-8")
    compiler = typst.Compiler(
        input=source,
        root=folder,
        font_paths=[folder],
        ignore_system_fonts=True,
    )

    def write(notices: Sequence[Any]) -> bytes:
        drawn = [{**notice, "codes": _codes(notice["ink"])} for notice in notices]
        data = json.dumps({"forms": found["forms"], "notices": drawn}, ensure_ascii=False)
        return bytes(compiler.compile(format="pdf", pdf_tags=False, sys_inputs={"notices": data}))

    return found["notices"], write


def _codes(ink: Sequence[Sequence[float]]) -> str:
    path = "".join(f"M{x:.4f} {y:.4f}h{width:.4f}v{height:.4f}h{-width:.4f}z" for x, y, width, height in ink)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 210 297"><path d="{path}"/></svg>'


if __name__ == "__main__":
    measure(prepare)
