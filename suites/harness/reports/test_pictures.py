# SPDX-License-Identifier: Apache-2.0
"""The README's pictures: small, of a real run, and one message where they cannot be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import UsageError
from reports import pictures
from reports.pictures import MOST_BYTES, draw_pictures, main, size_of, telling_timeline
from suites.harness.support.browser import CHROMIUM

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="75pt" height="48pt" viewBox="0 0 75 48" version="1.1"/>'
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A report with a page and the timelines of two guests."""
    (tmp_path / "index.html").write_text("<h1>safe</h1>")
    for cell in ("x86_64-q35-qmp-precopy-idle-bare", "x86_64-q35-qmp-postcopy-busy-bare"):
        place = tmp_path / "evidence" / cell / "1"
        place.mkdir(parents=True)
        (place / "timeline.svg").write_text(SVG)
    return tmp_path


@needs_chromium
def test_both_pictures_are_drawn(run: Path) -> None:
    """Lose this and the README shows a page that this version no longer writes."""
    drawn = draw_pictures(run, run / "pictures")
    assert [picture.name for picture in drawn] == ["verdict.png", "timeline.png"]
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in drawn)


def test_guest_that_works_in_postcopy_is_shown(run: Path) -> None:
    """Lose this and the README shows the timeline of a guest that does nothing, with few phases."""
    found = telling_timeline(run)
    assert found is not None
    assert "postcopy-busy" in str(found)


def test_timeline_of_a_merged_report_is_found(run: Path) -> None:
    """Lose this and the README's pictures cannot be made of a run that was judged again."""
    merged = run / "judged-again"
    merged.mkdir()
    (run / "evidence").rename(merged / "evidence")
    assert telling_timeline(run) is not None


def test_picture_has_the_size_of_the_timeline(run: Path) -> None:
    """Lose this and the timeline is cut off, or has a wide white edge."""
    assert size_of(run / "evidence/x86_64-q35-qmp-precopy-idle-bare/1/timeline.svg") == (100, 64)


@pytest.mark.parametrize("lacks", ["index.html", "evidence"])
def test_report_that_lacks_one_is_named(
    lacks: str, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a run of sweeps alone ends in a traceback."""
    (run / lacks).rename(run / "elsewhere")
    monkeypatch.setattr("sys.argv", ["pictures", str(run), f"--into={run}"])
    assert main() == 2
    assert f"{run}: has no " in capsys.readouterr().err


def test_missing_chromium_is_one_message(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a machine without a browser ends in a traceback."""
    monkeypatch.setattr(pictures, "CHROMIUMS", ("no-such-browser",))
    with pytest.raises(UsageError, match="chromium is not installed\n  what to do: apt install chromium"):
        draw_pictures(run, run)


@needs_chromium
def test_large_picture_is_not_kept(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and each new picture makes every clone of the repository larger."""
    monkeypatch.setattr(pictures, "MOST_BYTES", 10)
    with pytest.raises(UsageError, match="more than 10 bytes"):
        draw_pictures(run, run)


def test_pictures_of_the_readme_are_small() -> None:
    """Lose this and each new picture makes every clone of the repository larger."""
    assert all(picture.stat().st_size <= MOST_BYTES for picture in pictures.PICTURES.glob("*.png"))
