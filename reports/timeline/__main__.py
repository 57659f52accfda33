# SPDX-License-Identifier: Apache-2.0
"""Draws the timeline in each file that a line of the input names; prints errors."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from fixtures.evidence.timeline import Timeline
from reports.timeline.drawing import FAILED, PICTURE
from reports.timeline.svg import write_timeline

NICENESS = 10
"""Drawing has a low CPU priority, because guests are measured at the same time."""


def main() -> None:
    """Draw until the input ends."""
    os.nice(NICENESS)
    for line in sys.stdin:
        _draw(Path(line.removesuffix("\n")))


def _draw(data: Path) -> None:
    try:
        timeline = Timeline.from_json(json.loads(data.read_text(encoding="utf-8")))
        write_timeline(timeline, data.with_name(PICTURE))
    except Exception as error:  # noqa: BLE001 - one damaged timeline must not lose the others
        sys.stdout.write(f"{FAILED} {data}: {type(error).__name__}: {error}\n".replace("\n", " ") + "\n")


if __name__ == "__main__":
    main()
