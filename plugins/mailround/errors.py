"""The error tree.

Every message is Japanese, says what happened and what to do next, and never contains personal data: numbers, ids,
field names and hashes only. Whoever raises one is responsible for that; a test plants canary names and looks.
"""

from __future__ import annotations

from dataclasses import dataclass


class MailroundError(Exception):
    """A fault that trying again will not cure. Its text is ``happened`` and ``remedy``, both Japanese sentences."""

    def __init__(self, happened: str, remedy: str) -> None:
        """Keep both sentences; ``str()`` joins them."""
        self.happened = happened
        self.remedy = remedy
        super().__init__(f"{happened} 【対応】{remedy}")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """Make every error of the tree picklable across worker processes."""
        return type(self), (self.happened, self.remedy)


class ConfigurationError(MailroundError):
    """A setting or a YAML under include/ is missing or wrong."""


class RoundRefusedError(MailroundError):
    """The round may not be opened as asked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One malformed place of an export, without its content.

    ``record`` counts data records from 1 (0: the header), ``line`` is the physical line the record begins on, ``field``
    the canonical field (empty: the whole record), ``problem`` a Japanese phrase.
    """

    record: int
    line: int
    field: str
    problem: str

    def __str__(self) -> str:
        """Return the place and the problem in Japanese."""
        record = f"{self.record}件目" if self.record else "見出し"
        return f"{self.line}行目（{record}）{self.field}：{self.problem}"


class MalformedExportError(MailroundError):
    """The export is not what its layout promises; ``findings`` holds every malformed place."""

    def __init__(self, happened: str, remedy: str, findings: tuple[Finding, ...] = ()) -> None:
        """Keep the findings beside both sentences."""
        super().__init__(happened, remedy)
        self.findings = findings

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """Keep the findings across worker processes."""
        return type(self), (self.happened, self.remedy, self.findings)


class CountMismatchError(MailroundError):
    """Two counts or totals that must agree do not; the message holds both."""


class QualityStopError(MailroundError):
    """A check of the round suite failed."""


class PrintError(MailroundError):
    """A piece cannot be printed exactly as received."""


class VerificationError(MailroundError):
    """A printed page does not say what the record says."""


class PackageError(MailroundError):
    """The package is not what its manifest says."""


class WorkspaceError(MailroundError):
    """A workspace file is missing, damaged, or its key is destroyed."""


class VaultError(MailroundError):
    """A secret is missing or may not be written twice."""


class RegisterError(MailroundError):
    """The register is broken, or an entry may not be made."""


class GateClosedError(MailroundError):
    """A precondition of the control checklist is not met."""


class IncidentError(MailroundError):
    """An incident cannot be recorded as it was reported."""


class RoundEndedError(MailroundError):
    """A person's decision ended the round."""


class HouseError(MailroundError):
    """The installation itself is not as it must be."""


class BackupError(MailroundError):
    """A backup cannot be made, is not what its manifest says, or may not be restored here."""


class NotForYouError(MailroundError):
    """Somebody asks for what is shown to others only."""
