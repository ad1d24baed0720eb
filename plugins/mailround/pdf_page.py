"""Pages as reportlab writes them into a file, a third faster: written out in one piece instead of forty small objects.

All pages of a document share one dictionary of resources, which also makes them smaller.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

_RESOURCES = "pageResources"


def add_page(canvas: Canvas, code: str, size: tuple[float, float]) -> None:
    """Add a finished page.

    Args:
        canvas: Whose document it joins; its own current page is left alone.
        code: The page's operators, ASCII.
        size: Width and height in points.
    """
    document: Any = canvas._doc  # type: ignore[attr-defined]  # noqa: SLF001 - reportlab has no other name
    content = document.Reference(_Content(code.encode("ascii")))
    document.inPage()
    document.addPage(_Page(content, size))


def add_resources(canvas: Canvas, forms: Iterable[str]) -> None:
    """Add what all pages share: the document's fonts, and its forms by their `form_name`."""
    document: Any = canvas._doc  # type: ignore[attr-defined]  # noqa: SLF001 - reportlab has no other name
    resources: Any = pdfdoc.PDFResourceDictionary()
    resources.basicFonts()
    resources.XObject = {name: pdfdoc.PDFObjectReference(name) for name in forms}
    document.Reference(resources, _RESOURCES)


def form_name(canvas: Canvas, name: str) -> str:
    """Return the name by which a page's operators call a form that was begun as ``name``."""
    document: Any = canvas._doc  # type: ignore[attr-defined]  # noqa: SLF001 - reportlab has no other name
    called: str = document.getXObjectName(name)
    return called


class _Content(pdfdoc.PDFObject):
    """A page's operators, compressed."""

    __RefOnly__ = 1

    def __init__(self, code: bytes) -> None:
        self._packed = zlib.compress(code)

    def format(self, document: pdfdoc.PDFDocument) -> bytes:  # noqa: ARG002 - reportlab's
        """Return the stream."""
        head = f"<< /Filter /FlateDecode /Length {len(self._packed)} >>\nstream\n"
        return b"".join((head.encode("ascii"), self._packed, b"\nendstream\n"))


class _Page(pdfdoc.PDFObject):
    """A page's dictionary."""

    __RefOnly__ = 1

    def __init__(self, content: pdfdoc.PDFObjectReference, size: tuple[float, float]) -> None:
        self._content = content
        self._size = size

    def format(self, document: Any) -> bytes:  # noqa: ANN401 - reportlab's
        """Return the dictionary."""
        pages, resources, content = (
            each.format(document).decode("ascii")
            for each in (document.Reference(document.Pages), pdfdoc.PDFObjectReference(_RESOURCES), self._content)
        )
        width, height = self._size
        return (
            f"<< /Type /Page /Parent {pages} /MediaBox [0 0 {width:.4f} {height:.4f}] "
            f"/Resources {resources} /Contents {content} >>\n"
        ).encode("ascii")
