"""One mailing round of a city ward, from the export to the certified deletion."""

__version__ = "0.1.0"
