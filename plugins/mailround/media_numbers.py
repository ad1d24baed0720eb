"""Numbers of discs are given once: two discs under one number could be taken for each other, with other letters."""

from __future__ import annotations

from collections.abc import Iterable

from mailround.register.entries import Correction, Entry, MediaChecked, MediaHandedOver


def taken(entries: Iterable[Entry], media_no: str, package_sha256: str) -> Entry | None:
    """Return the first standing entry, of any round, that gives the number to a disc with another package, or None.

    Args:
        entries: Those of all rounds.
        media_no: The number; capitals and small letters do not make two of it.
        package_sha256: What is on the disc that is to have the number.
    """
    listed = tuple(entries)
    corrected = {entry.body.corrects for entry in listed if isinstance(entry.body, Correction)}
    for entry in listed:
        body = entry.body
        if (
            isinstance(body, MediaChecked | MediaHandedOver)
            and entry.seq not in corrected
            and body.media_no.casefold() == media_no.casefold()
            and body.package_sha256 != package_sha256
        ):
            return entry
    return None
