"""Quality checks: what is asked (catalogue), what a ward makes of it (choices), what was found (assessment)."""

from mailround.quality.assessment import Assessment, Finding, Hold, assess, hold_list

__all__ = ["Assessment", "Finding", "Hold", "assess", "hold_list"]
