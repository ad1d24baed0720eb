"""`make audit` is green only when every locked package was looked at; asked of a service on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import audit
from ports import free_port

TODAY = date(2026, 11, 29)
HASH = "1" * 64
PYYAML = {
    "id": "PYSEC-2026-1",
    "aliases": ["CVE-2026-1"],
    "summary": "seeded",
    "affected": [
        {
            "package": {"name": "pyyaml", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "6.1"}]}],
        }
    ],
}


class Advisories(BaseHTTPRequestHandler):
    """Knows one advisory."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"vulns": [PYYAML]} if asked["package"]["name"] == "pyyaml" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture(scope="module")
def service() -> Iterator[list[str]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Advisories) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield ["--vulnerability-service", "osv", "--osv-url", f"http://127.0.0.1:{server.server_port}/v1/query"]
        server.shutdown()
        thread.join()


def locked(folder: Path, *pins: str) -> Path:
    path = folder / "requirements.txt"
    path.write_text("".join(f"{pin} \\\n    --hash=sha256:{HASH}\n" for pin in pins), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def given(service: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Any]:
    lock = locked(tmp_path_factory.mktemp("lock"), "pyyaml==6.0.3", "rich==15.0.0")
    return audit.answers((lock,), service)


@pytest.mark.parametrize(
    ("ignored", "code", "told"),
    [
        ([], 1, "pyyaml 6.0.3 に CVE-2026-1／PYSEC-2026-1。直った版：6.1"),
        ([audit.Ignored("CVE-2026-1", "読み込まない", TODAY)], 0, "CVE-2026-1 は 2026-11-29 まで見送り：読み込まない"),
        ([audit.Ignored("PYSEC-2026-1", "以前", date(2026, 11, 28))], 1, "見送りは 2026-11-28 で切れています"),
        ([audit.Ignored("CVE-2020-9", "別の", TODAY)], 1, "CVE-2020-9 はもう見つかりません"),
    ],
    ids=["found", "ignored-by-alias", "expired", "another"],
)
def test_a_finding_is_red_until_somebody_decides_with_a_reason_and_a_day(
    given: dict[Path, Any], capsys: pytest.CaptureFixture[str], ignored: list[audit.Ignored], code: int, told: str
) -> None:
    assert audit.judge(given, ignored, TODAY) == code
    said = capsys.readouterr().out
    assert told in said
    assert f"2 個のうち 2 個を調べ、指摘は {code} 件" in said


def test_a_package_that_was_passed_over_is_not_green(
    tmp_path: Path, service: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lock = locked(tmp_path, "rich==15.0.0", "colorama==0.4.6 ; sys_platform == 'win32'")
    assert audit.judge(audit.answers((lock,), service), [], TODAY) == audit.NOT_LOOKED_AT
    assert "2 個のうち 1 個を調べ" in capsys.readouterr().out


def test_a_service_that_does_not_answer_is_not_green(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nobody = ["--vulnerability-service", "osv", "--osv-url", f"http://127.0.0.1:{free_port()}/v1/query"]
    given = audit.answers((locked(tmp_path, "rich==15.0.0"),), nobody)
    assert audit.judge(given, [], TODAY) == audit.NOT_LOOKED_AT
    assert "1 個は調べられていません" in capsys.readouterr().out


def test_the_decisions_have_three_fields_each(tmp_path: Path) -> None:
    assert audit.load_ignored(audit.IGNORED) == []
    path = tmp_path / "ignored.yaml"
    path.write_text("- { id: CVE-2026-1, reason: 読み込まない, until: 2026-11-29 }\n", encoding="utf-8")
    assert audit.load_ignored(path) == [audit.Ignored("CVE-2026-1", "読み込まない", TODAY)]
    path.write_text("- { id: CVE-2026-1, until: 2026-11-29 }\n", encoding="utf-8")
    with pytest.raises(TypeError):
        audit.load_ignored(path)


def test_every_lock_of_the_repository_is_asked_about() -> None:
    written = {path for path in audit.ROOT.glob("**/requirements*.txt") if ".venv" not in path.parts}
    assert written == set(audit.LOCKS)
