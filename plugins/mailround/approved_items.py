"""What of a household goes to the contractor, to be compared with what the contract approves for the kind of round.

Pages are read back against the templates (`verify`) and lists against their columns (`package_check`), each refusing
whatever is more: so what templates and columns name is all that a package carries.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailround.package_check import BUNDLE_COLUMNS, PIECE_COLUMNS
from mailround.templates import Template, placeholders


def carried_items(templates: Iterable[Template]) -> frozenset[str]:
    """Return the names of the values that these templates print, and of the columns of the package's lists."""
    printed = {
        name
        for template in templates
        for field in template.fields.values()
        for name in placeholders(template.wording(field))
    }
    return frozenset({*printed, *PIECE_COLUMNS, *BUNDLE_COLUMNS})
