"""The register (管理簿): an append-only, hash-chained list of entries, and the truth about every round."""
