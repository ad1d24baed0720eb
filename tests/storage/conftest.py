"""Its server takes seconds to import, which the other tests need not spend."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from buckets import S3, serving


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """A real S3 server."""
    with serving() as server:
        yield server
