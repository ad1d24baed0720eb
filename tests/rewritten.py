"""Our own PDFs taken apart and put together again, so that a fault stands in a file that is sound in all else."""

from __future__ import annotations

import contextlib
import re
import zlib
from collections.abc import Callable, Sequence

A_PAGE, A_LAYER = b"BI /IM true", b" l\nS\n"
"""What the operators of a page, and of a static layer, hold and no other stream does."""


def objects_of(content: bytes) -> list[bytes]:
    """Return the objects of a file of ours, the first at 0."""
    return re.findall(rb"(?<=\n)\d+ 0 obj\n(.*?)endobj\n", content, re.DOTALL)


def assembled(content: bytes, objects: Sequence[bytes]) -> bytes:
    """Return the file with these objects in place of its own, and a table that fits."""
    trailer = content[content.rindex(b"trailer\n") : content.rindex(b"startxref\n")]
    whole, places = content[: content.index(b"1 0 obj\n")], []
    for place, each in enumerate(objects, 1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%bendobj\n" % (place, each)
    entries = b"".join(b"%010d 00000 n \n" % place for place in places)
    table = b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(places) + 1, entries)
    return whole + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(whole)


def rearranged(content: bytes, order: list[int]) -> bytes:
    """Return the file with its pages in this order, some twice or not at all."""
    objects = objects_of(content)
    place = next(number for number, each in enumerate(objects) if b"/Type /Pages" in each)
    kids = re.search(rb"/Kids \[([^\]]*)\]", objects[place])
    assert kids
    pages = re.findall(rb"\d+ 0 R", kids[1])
    turned = b"/Kids [ " + b" ".join(pages[each] for each in order) + b" ]"
    objects[place] = (
        objects[place].replace(kids[0], turned).replace(b"/Count %d" % len(pages), b"/Count %d" % len(order))
    )
    return assembled(content, objects)


def reworded(content: bytes, was: bytes, becomes: bytes) -> bytes:
    """Change the dictionaries of a file where a pattern matches, once in each; of streams those of forms and images."""
    objects = objects_of(content)
    changed = []
    for each in objects:
        head, stream, rest = each.partition(b"stream\n")
        if not stream or b"/XObject" in head:
            head = re.sub(was, becomes, head, count=1, flags=re.DOTALL)
        changed.append(head + stream + rest)
    assert changed != objects
    return assembled(content, changed)


def repainted(content: bytes, which: bytes, how: Callable[[bytes], bytes]) -> bytes:
    """Change what the first stream that holds some bytes says; ``A_PAGE`` and ``A_LAYER`` are such bytes."""
    objects = objects_of(content)
    for place, each in enumerate(objects):
        head, found, rest = each.partition(b"stream\n")
        if found and b"/FlateDecode" in head:
            with contextlib.suppress(zlib.error):
                code = zlib.decompressobj().decompress(rest)
                if which in code:
                    changed_code = how(code)
                    assert changed_code != code
                    packed = zlib.compress(changed_code)
                    length = re.sub(rb"/Length \d+", b"/Length %d" % len(packed), head)
                    objects[place] = length + b"stream\n" + packed + b"\nendstream\n"
                    return assembled(content, objects)
    raise AssertionError("no such stream")
