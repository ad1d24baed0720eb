"""Quality checks: what is asked (catalogue), what a ward makes of it (choices), what was found (assessment)."""

from mailround.quality.assessment import Assessment, Finding, Hold, assess, hold_list
from mailround.quality.facts import Font

__all__ = ["Assessment", "Finding", "Font", "Hold", "assess", "hold_list"]
