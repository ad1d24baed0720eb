"""``mailround media``: an image of an approved package only, and a disc that is asked which one it should be."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest
from commanded import Maker, Opener, Run

from mailround.context import RoundContext
from mailround.media_image import image_path
from mailround.register.entries import MediaChecked, MediaImaged, ReleaseApproved, standing
from mailround.seal import package_path, seal
from mailround.settings import Settings
from prepared import AT, print_round, record


@pytest.fixture
def work(ward: Settings, open_a_round: Opener, make_recipient: Maker) -> RoundContext:
    opened = open_a_round()
    print_round(opened, make_recipient, pieces=2)
    seal(opened, at=AT)
    return opened


@pytest.fixture
def approved(work: RoundContext) -> RoundContext:
    sealed = work.entries[-1].body
    assert sealed.kind == "sealed"
    record(work, ReleaseApproved(package_sha256=sealed.sha256, answered_at=AT))
    return work


def test_an_image_is_made_and_its_place_and_hash_are_told(approved: RoundContext, run: Run) -> None:
    told = run("media", "image", approved.round_id)
    assert told.exit_code == 0
    [made] = standing(approved.entries, MediaImaged)
    assert str(image_path(approved.settings, approved.round_id)) in told.stdout
    assert f"{made.bytes:,} バイト" in told.stdout
    assert made.sha256 in told.stdout


def test_a_copy_to_burn_from_is_the_image_and_is_nobody_elses(approved: RoundContext, run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "burn" / "round.iso"
    told = run("media", "image", approved.round_id, "--copy", copy)
    assert told.exit_code == 0, told.stderr
    assert copy.read_bytes() == image_path(approved.settings, approved.round_id).read_bytes()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert f"写し：{copy}" in told.stdout
    assert "自動では廃棄されません" in told.stdout


def test_an_image_of_what_nobody_approved_is_refused(work: RoundContext, run: Run) -> None:
    refused = run("media", "image", work.round_id)
    assert refused.exit_code == 2
    assert "承認が管理簿にない" in refused.stderr


@pytest.mark.parametrize("asked", [True, False])
def test_a_burned_disc_is_checked_and_recorded(approved: RoundContext, run: Run, tmp_path: Path, asked: bool) -> None:
    run("media", "image", approved.round_id)
    package = package_path(approved.settings, approved.round_id)
    disc = tmp_path / "disc"
    disc.mkdir()
    for path in (package, package.with_name("manifest.json")):
        shutil.copy(path, disc)
    options = [] if asked else ["--round-id", approved.round_id, "--media-no", "DVD-0001"]
    told = run("media", "check", disc, *options, text=f"{approved.round_id}\nDVD-0001\n" if asked else None)
    assert told.exit_code == 0, told.stderr
    assert ("媒体番号" in told.stdout.split("照合済み")[0]) is asked
    assert "媒体「DVD-0001」は、回「2026-11-change」の媒体です" in told.stdout
    assert [each.media_no for each in standing(approved.entries, MediaChecked)] == ["DVD-0001"]


def test_a_wrong_disc_ends_with_an_error_that_tells_no_name(approved: RoundContext, run: Run, tmp_path: Path) -> None:
    run("media", "image", approved.round_id)
    (tmp_path / "カナリア.txt").touch()
    refused = run("media", "check", tmp_path, "--round-id", approved.round_id, "--media-no", "DVD-0001")
    assert refused.exit_code == 2
    assert "2026-11-change.zipがない" in refused.stderr
    assert "渡さないでください" in refused.stderr
    assert standing(approved.entries, MediaChecked) == []


@pytest.mark.parametrize("arguments", [("image", "2026-12-other"), ("check", ".", "--round-id", "2026-12-other")])
def test_a_round_that_the_register_does_not_know_is_told(ward: Settings, run: Run, arguments: tuple[str, ...]) -> None:
    refused = run("media", *arguments, *(("--media-no", "DVD-0001") if arguments[0] == "check" else ()))
    assert refused.exit_code == 2
    assert "管理簿にありません" in refused.stderr
