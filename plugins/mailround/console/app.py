"""The console as a FastAPI application: every row of `pages` a route behind its permission, every fault a page.

Whether somebody is logged in, and what they may do, Airflow's auth manager says, by the same cookie as its own pages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from traceback import format_tb
from typing import Annotated, Any
from urllib.parse import quote

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.responses import StreamingResponse

from mailround.console.pages import PAGES, Page
from mailround.console.rendering import rendered
from mailround.console.stopped import stopped_steps
from mailround.console.visit import Answer, File, NotFoundError, SeeOther, Visit
from mailround.errors import MailroundError, NotForYouError
from mailround.roles import ConsoleResource
from mailround.settings import TOKYO, load_settings

_log = logging.getLogger(__name__)

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}
"""On every answer, the refusals included. Nothing is kept by a browser: who logs out leaves nothing behind."""
PARTS_AT_ONCE = 500
"""Lines of a file that leave together."""
KEPT = "private, max-age=300"
"""What a browser may keep instead: what is the same for everybody."""
STATIC = {
    "console.css": "text/css; charset=utf-8",
    "frame.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "icon-dark.svg": "image/svg+xml",
}
_FOLDER = Path(__file__).parent / "static"
_SUGGESTIONS = {
    HTTPStatus.UNAUTHORIZED: (
        "ログインしていないか、時間が過ぎてログアウトされました。",
        "画面を再読み込みし（F5キー）、ログインしてください。",
    ),
    HTTPStatus.FORBIDDEN: (
        "あなたの役割では、このページを見られません。",
        "業務に必要な場合は、役割の付与をシステム管理者に依頼してください。",
    ),
    HTTPStatus.NOT_FOUND: (
        "このページはありません。",
        "メニューから選び直してください。リンクから来た場合は、リンク元に古い番号がないか確かめてください。",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: ("この操作はできません。", "元のページに戻って、ボタンからやり直してください。"),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "コンソールの不具合で、このページを表示できません。回と管理簿には影響しません。",
        "少し待って開き直し、直らなければ、時刻とページの場所をシステム担当へ知らせてください。",
    ),
}
User = Annotated[BaseUser, Depends(get_user)]


def build() -> FastAPI:
    """Return the application; Airflow mounts it under `pages.PREFIX`."""
    console = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for page in PAGES:
        console.add_api_route(
            page.path,
            _endpoint(page),
            methods=["POST" if page.action else "GET"],
            dependencies=[Depends(_reader(page.needs)), *([Depends(_from_here)] if page.action else [])],
            name=page.view,
            response_class=Response,
        )
    for name in STATIC:
        console.add_api_route(f"/static/{name}", _static(name), methods=["GET"], name=name, response_class=Response)
    console.add_exception_handler(AnyHTTPException, _refused)
    console.add_exception_handler(MailroundError, _told)
    console.add_exception_handler(Exception, _broken)
    return console


def may_read(user: BaseUser, resource: ConsoleResource) -> bool:
    """Tell whether Airflow's auth manager lets a user see the pages that need this."""
    return get_auth_manager().is_authorized_custom_view(method="GET", resource_name=resource, user=user)


def _reader(resource: ConsoleResource) -> Callable[[BaseUser], None]:
    def require(user: User) -> None:
        if not may_read(user, resource):
            raise HTTPException(HTTPStatus.FORBIDDEN)

    return require


def _from_here(request: Request) -> None:
    """Refuse what another site makes a browser send: the login's cookie alone would let a form of theirs through."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site != "same-origin" and (site is not None or origin != f"{request.url.scheme}://{request.url.netloc}"):
        raise HTTPException(HTTPStatus.FORBIDDEN)


def _endpoint(page: Page) -> Callable[[Request, BaseUser], Response]:
    show: Callable[[Visit], Answer] = import_module(f"mailround.console.{page.view}").show

    def answer(request: Request, user: User) -> Response:
        visit = Visit(
            user=user.get_name(),
            settings=load_settings(),
            at=datetime.now(TOKYO),
            asked={**request.query_params, **request.path_params},
            stopped=stopped_steps,
            may=lambda path: any(each.path == path and may_read(user, each.needs) for each in PAGES),
        )
        with _nothing_told_of_what_is_wrong():
            shown = show(visit)
            if isinstance(shown, File):
                return _file(shown)
            if isinstance(shown, SeeOther):
                there = f"{request.scope.get('root_path', '')}{shown.path}"
                return Response(status_code=int(HTTPStatus.SEE_OTHER), headers=HEADERS | {"Location": there})
            return _page(
                request, f"{page.view}.html", **{"title": page.title, "page": page, "visit": visit} | {**shown}
            )

    return answer


@contextmanager
def _nothing_told_of_what_is_wrong() -> Iterator[None]:
    """Log where an unforeseen fault came from, and not its words: they may quote what a page was to show."""
    try:
        yield
    except MailroundError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is
        where = "".join(format_tb(error.__traceback__))
        _log.error("%s in a page of the console:\n%s", type(error).__name__, where)
        raise HTTPException(HTTPStatus.INTERNAL_SERVER_ERROR) from None


def _static(name: str) -> Callable[[BaseUser], Response]:
    content = (_FOLDER / name).read_bytes()

    def answer(_: User) -> Response:
        return Response(content, headers=HEADERS | {"Content-Type": STATIC[name], "Cache-Control": KEPT})

    return answer


def _file(file: File) -> Response:
    saved = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}"} if file.name else {}
    headers = HEADERS | {"Content-Type": file.media_type} | saved
    if isinstance(file.content, bytes):
        return Response(file.content, headers=headers)
    parts = _together(file.content)
    first = next(parts, b"")  # before anything has left: what cannot even begin is told on a page
    return StreamingResponse(chain((first,), parts), headers=headers)


def _together(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Yield small parts in larger ones: each costs a turn of the server's loop."""
    with _nothing_told_of_what_is_wrong():
        while block := b"".join(islice(parts, PARTS_AT_ONCE)):
            yield block


def _page(request: Request, template: str, code: int = HTTPStatus.OK, /, **shown: object) -> Response:
    html = rendered(template, str(request.scope.get("root_path", "")), **shown)
    return Response(html, int(code), headers=HEADERS | {"Content-Type": "text/html; charset=utf-8"})


def _fault(request: Request, status: int, happened: str, remedy: str) -> Response:
    return _page(request, "fault.html", status, title="表示できません", status=status, happened=happened, remedy=remedy)


async def _refused(request: Request, error: Any) -> Response:  # noqa: ANN401 - Starlette's signature
    status = error.status_code if error.status_code in _SUGGESTIONS else HTTPStatus.INTERNAL_SERVER_ERROR
    return _fault(request, status, *_SUGGESTIONS[HTTPStatus(status)])


async def _told(request: Request, error: Any) -> Response:  # noqa: ANN401 - Starlette's signature
    """Show what a fault of the domain says of itself: its sentences are written for people, without personal data."""
    known = {NotFoundError: HTTPStatus.NOT_FOUND, NotForYouError: HTTPStatus.FORBIDDEN}
    status = known.get(type(error), HTTPStatus.CONFLICT)
    return _fault(request, status, error.happened, error.remedy)


async def _broken(request: Request, _: Exception) -> Response:
    """Starlette logs the exception itself, with where it came from, after this."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _fault(request, status, *_SUGGESTIONS[status])
