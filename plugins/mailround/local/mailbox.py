"""A mail server on loopback that keeps every mail as a file, so that alerts can be seen without a real one.

Run as ``python -m mailround.local.mailbox PORT FOLDER``.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
import sys
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """An aiosmtpd handler that writes ``0001.eml``, ``0002.eml`` … into a folder."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and go on counting where it left off."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._numbers = itertools.count(len(list(folder.glob("*.eml"))) + 1)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002 - aiosmtpd's name and signature
        """Keep one mail."""
        content = envelope.content or b""
        (self._folder / f"{next(self._numbers):04d}.eml").write_bytes(
            content if isinstance(content, bytes) else content.encode()
        )
        return "250 OK"


async def _serve(port: int, folder: Path) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    controller = Controller(Mailbox(folder), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        await stop.wait()
    finally:
        controller.stop()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
