"""The console as Airflow mounts it: nothing of it is imported before the first request.

Airflow loads its plugins in the scheduler, in every worker and for every command; only the API server serves pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any

_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_Asgi = Callable[[MutableMapping[str, Any], _Receive, _Send], Awaitable[None]]


@cache
def _console() -> _Asgi:
    from mailround.console.app import build  # noqa: PLC0415 - FastAPI, and every page

    return build()


async def built_on_first_use(scope: MutableMapping[str, Any], receive: _Receive, send: _Send) -> None:
    """Answer a request: an ASGI application, built in a thread, for Airflow's own requests must not wait for it."""
    console = await asyncio.to_thread(_console)
    await console(scope, receive, send)
