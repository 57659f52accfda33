# SPDX-License-Identifier: Apache-2.0
"""Is there a picture of every hot patch, however short it was and whatever was not observed?"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fixtures.evidence.timeline import Timeline
from suites.harness.support.report_samples import make_timeline

pytest.importorskip("matplotlib")
from reports.timeline.svg import write_timeline


def parsed(file: Path) -> ET.Element:
    """The root of an XML file. Raises ParseError if it is malformed."""
    return ET.parse(file).getroot()  # noqa: S314 - the suite itself wrote it


@pytest.mark.parametrize(
    "length, samples, beats",
    [(0.05, True, True), (0.05, False, False), (2.0, True, False), (2.0, False, True), (20.0, True, True)],
)
def test_timeline_is_a_picture_that_names_the_blackout(
    length: float, samples: bool, beats: bool, tmp_path: Path
) -> None:
    """Lose this and the picture is missing for a migration that failed."""
    file = tmp_path / "evidence" / "timeline.svg"
    timeline = make_timeline(length, samples=samples, beats=beats)
    write_timeline(timeline, file)
    text = "".join(parsed(file).itertext())
    assert "blackout 48 ms" in text
    assert "MIGRATION completed" in text
    assert "$x <b>&amp;\ufffd $y" in text
    assert ("no samples" in text) is not samples
    first = file.read_bytes()
    write_timeline(timeline, file)
    assert file.read_bytes() == first


def test_empty_timeline_is_a_picture(tmp_path: Path) -> None:
    """Lose this and a QEMU that dies at once has no picture as evidence."""
    write_timeline(Timeline("nothing happened"), tmp_path / "timeline.svg")
    assert parsed(tmp_path / "timeline.svg").tag.endswith("svg")
