"""Quality checks: what is asked (catalogue), what a ward makes of it (choices), what was found (assessment)."""

from mailround.quality.assessment import Assessment, Finding, assess

__all__ = ["Assessment", "Finding", "assess"]
