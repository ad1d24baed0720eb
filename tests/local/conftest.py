"""Airflow's REST API as far as the local client speaks to it, on a real socket; that it is so, tests/e2e shows."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rest_api import RIGHT, Api


@pytest.fixture
def api() -> Iterator[Api]:
    told = Api()

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(content) if content else None
            told.asked.append((self.command, self.path, body))
            told.tokens.append(self.headers.get("Authorization", ""))
            found = told.answers.get((self.command, self.path))
            if isinstance(found, list):
                found = found.pop(0) if len(found) > 1 else found[0]
            if isinstance(found, Callable):  # type: ignore[arg-type]
                found = found(body)
            status = found if isinstance(found, int) else 404 if found is None else 200
            said = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PATCH = respond  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    told.answers["POST", "/auth/token"] = lambda body: (
        {"access_token": f"token of {body['username']}"} if body["password"] == RIGHT else 401
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))  # how often it looks whether to end
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()
