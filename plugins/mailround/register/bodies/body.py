"""What every body of an entry has."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """What an entry says. Appending what the latest entry about the same already says returns that entry.

    Every body also has a ``kind``, its name in the register.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: ClassVar[str]
    """The kind's Japanese name."""
    identity: ClassVar[tuple[str, ...]] = ()
    """The fields that tell apart what bodies of the kind are about; none when a round has one at a time."""
    caution: ClassVar[str] = ""
    """What the fact does not prove, in Japanese, for whoever reads the entry; empty where nothing need be said."""

    def about(self) -> tuple[object, ...]:
        """Return what it speaks of: a later body about the same takes its place."""
        return (type(self), *(getattr(self, name) for name in self.identity))
