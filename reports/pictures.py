# SPDX-License-Identifier: Apache-2.0
"""`python -m reports.pictures`, or `make pictures`: the README's pictures of a real run, drawn by chromium.

Two PNG files: the first screen of the verdict page, and the timeline of one guest.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from fixtures.arguments import CommandLine
from fixtures.errors import SuiteError, UsageError
from fixtures.places import REPORTS, ROOT
from fixtures.printable import shown_line
from fixtures.temporary import temporary_directory

PICTURES = ROOT / "docs/pictures"
MOST_BYTES = 150_000
"""Of one picture, so that a clone of the repository stays small."""
WIDTH = 1280
HEIGHTS = (960, 860, 760, 660, 560)
"""Of the first screen, in pixels: the first one whose picture is small enough."""
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60
"""Bound for one picture; it takes about 2 s."""
TELLING = ("*qmp-postcopy-busy*", "*postcopy-busy*", "*busy*", "*")
"""Evidence of which guest has the timeline to show, best first: all phases, and a guest that works."""
_SIZE = re.compile(r'<svg\b[^>]*?\bwidth="([\d.]+)pt" height="([\d.]+)pt"')
_PIXELS_PER_POINT = 96 / 72


def main() -> int:
    """Draw both pictures of the run that the command line names. Exit status 2 if that is not possible."""
    parser = CommandLine(prog="python -m reports.pictures", description=__doc__)
    parser.add_argument("run", nargs="?", type=Path, default=REPORTS / "latest", metavar="DIRECTORY")
    parser.add_argument("--into", type=Path, default=PICTURES, metavar="DIRECTORY")
    given = parser.parse_args()
    try:
        for picture in draw_pictures(given.run, given.into):
            sys.stdout.write(f"{picture}: {picture.stat().st_size} bytes\n")
    except SuiteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"the pictures cannot be written: {error}\n")
        return 2
    return 0


def chromium() -> str | None:
    """The program; None if it is not installed."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


def draw_pictures(run: Path, into: Path) -> list[Path]:
    """Draw `verdict.png` and `timeline.png` of this run. Raises :class:`UsageError` and OSError."""
    page, timeline = run / "index.html", telling_timeline(run)
    if not page.is_file() or timeline is None:
        missing = "timeline.svg below evidence/" if page.is_file() else "index.html"
        raise UsageError(
            f"has no {missing}", where=str(run), fix="give the report of a run that booted guests"
        )
    into.mkdir(parents=True, exist_ok=True)
    sizes = [(WIDTH, height) for height in HEIGHTS]
    return [
        draw(page, into / "verdict.png", sizes),
        draw(timeline, into / "timeline.png", [size_of(timeline)]),
    ]


def telling_timeline(run: Path) -> Path | None:
    """The timeline of a busy guest in postcopy, or else of another guest; None if there is none.

    A merged report has the evidence of each of its runs in a directory of that run.
    """
    for glob in TELLING:
        found = sorted(run.glob(f"**/evidence/**/{glob}/*/timeline.svg"))
        if found:
            return found[0]
    return None


def size_of(picture: Path) -> tuple[int, int]:
    """Width and height of an SVG in pixels. Raises :class:`UsageError` if it does not give them in points."""
    size = _SIZE.search(picture.read_text(encoding="utf-8", errors="replace"))
    if size is None:
        raise UsageError("is no timeline of this suite", where=str(picture), fix="run the cell again")
    width, height = (round(float(points) * _PIXELS_PER_POINT) for points in size.groups())
    return width, height


def draw(page: Path, picture: Path, sizes: Iterable[tuple[int, int]]) -> Path:
    """Draw `page` in the first of these windows whose picture is small enough.

    Raises :class:`UsageError` if none is, and without chromium.
    """
    program = chromium()
    if program is None:
        raise UsageError("chromium is not installed", fix="apt install chromium")
    with temporary_directory("hotpatch-pictures-") as scratch:
        drawn = scratch / "picture.png"
        for size in sizes:
            _draw(program, page, drawn, size)
            if drawn.stat().st_size <= MOST_BYTES:
                shutil.copyfile(drawn, picture)
                return picture
    raise UsageError(f"its picture has more than {MOST_BYTES} bytes", where=str(page), fix="give another run")


def _draw(program: str, page: Path, picture: Path, size: tuple[int, int]) -> None:
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
    window = ("--hide-scrollbars", "--force-device-scale-factor=1", f"--window-size={size[0]},{size[1]}")
    profile = f"--user-data-dir={picture.parent / 'profile'}"
    command = [program, *options, *window, profile, f"--screenshot={picture}", page.resolve().as_uri()]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"chromium drew nothing within {SECONDS} s", where=str(page), fix="try again"
        ) from None
    if not picture.is_file():
        said = shown_line(done.stderr[-300:])
        raise UsageError(f"chromium drew nothing: {said}", where=str(page), fix="look at its message")


if __name__ == "__main__":
    sys.exit(main())
