"""A real S3 server on loopback, and what it holds as another client sees it.

Server and client are imported by whoever uses them: that takes seconds, and every test process imports this module.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mailround.settings import Location, Settings
from wards import ward_in

KEY, SECRET, REGION = "AKIAMAILROUND", "wJalrXUtnFEMI-K7MDENG", "ap-northeast-1"

REFUSED = b"<DeleteResult><Error><Key>data/file</Key><Code>AccessDenied</Code></Error></DeleteResult>"
"""A deletion's answer, which is a success, that says that nothing was deleted."""


class S3:
    """The server: its address, a client that is not the product's, and a hook to break what it answers."""

    def __init__(self, url: str, breaking: list[Callable[[dict[str, Any]], str | None]]) -> None:
        self.url = url
        self.breaking = breaking
        """Each is asked of every request (a WSGI environment), may change it, and may return the status to answer."""
        import boto3

        self.client = boto3.client(
            "s3", endpoint_url=url, region_name=REGION, aws_access_key_id=KEY, aws_secret_access_key=SECRET
        )
        self._numbers = itertools.count(1)

    def bucket(self, *, versioned: bool = False) -> str:
        """Return the name of a new bucket."""
        name = f"ward-{next(self._numbers)}"
        self.client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        if versioned:
            self.client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def ward(self, folder: Path, **places: str) -> Settings:
        """Return the settings of a ward that has these places in buckets, the others in a folder."""
        access = {"s3_endpoint": self.url, "s3_key": KEY, "s3_secret": SECRET, "s3_region": REGION}
        return ward_in(folder, **access, **places)

    def place(self, folder: Path, uri: str) -> Location:
        """Return one place in a bucket."""
        return self.ward(folder, data=uri).data

    def versions(self, bucket: str) -> list[tuple[str, bytes]]:
        """Return key and content of every version of everything there is; of a deletion mark an empty one."""
        page = self.client.list_object_versions(Bucket=bucket)
        assert not page["IsTruncated"]
        found = [(each["Key"], b"") for each in page.get("DeleteMarkers", ())]
        for each in page.get("Versions", ()):
            got = self.client.get_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
            found.append((each["Key"], got["Body"].read()))
        return sorted(found)


@contextmanager
def serving() -> Iterator[S3]:
    """Serve one request at a time, as a real server does of one object: moto itself looks first, and writes then."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            """Say nothing."""

    moto = DomainDispatcherApplication(create_backend_app)
    breaking: list[Callable[[dict[str, Any]], str | None]] = []

    def application(environment: dict[str, Any], start_response: Any) -> Any:
        for each in tuple(breaking):
            if status := each(environment):
                done = status.startswith("done, but ")
                if done:
                    list(moto(environment, lambda *_: None))
                else:
                    environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
                start_response(status.removeprefix("done, but "), [("Content-Type", "application/xml")])
                return [REFUSED if status.startswith("200") else b""]
        return moto(environment, start_response)

    server = make_server("127.0.0.1", 0, application, threaded=False, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield S3(f"http://127.0.0.1:{server.server_port}", breaking)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
