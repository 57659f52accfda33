# SPDX-License-Identifier: Apache-2.0
"""Does the picture of one hot patch show its phases, passes, rates and throttle, without empty panels?"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fixtures.evidence.timeline import Mark, Sample, Timeline
from reports.timeline.labels import numbers, window
from reports.timeline.phases import passes, phases
from reports.timeline.series import bandwidths, begun, dirty_rates, throttles

pytest.importorskip("matplotlib")
from reports.timeline.svg import write_timeline

MIB = 1 << 20
QMP_PRECOPY = (
    "0 rig migrate, 1 source setup, 2 source active, 2 source pass 1, 6 source STOP, 6.5 source device"
)
QMP_PRECOPY += ", 7 destination RESUME, 8 source completed, 9 destination STOP"
QMP_POSTCOPY = "0 rig migrate, 2 source active, 6 source postcopy-active, 6.5 source STOP"
QMP_POSTCOPY += ", 7 destination RESUME, 9 source completed"
LIBVIRT = "0 rig migrate, 1 destination started migrated, 2 source iteration 1"
LIBVIRT_PRECOPY = (
    f"{LIBVIRT}, 6 source suspended migrated, 7 destination resumed migrated, 9 source job completed"
)
LIBVIRT_POSTCOPY = f"{LIBVIRT}, 6 source suspended postcopy, 7 destination resumed postcopy"
LIBVIRT_POSTCOPY += ", 8 source suspended migrated, 9 source job completed"
TO_A_FILE = "0 rig migrate, 1 source STOP, 2 source setup, 3 source active, 4 source completed"
TO_A_FILE += ", 5 destination active, 6 destination completed, 7 destination RESUME"
BROKEN = (
    "0 rig migrate, 1 source active, 2 source postcopy-active, 3 destination RESUME, 4 source postcopy-paused"
)
BROKEN += ", 5 source postcopy-recover, 6 source postcopy-active, 7 source completed"
BROKEN_PHASES = "setup 0-1, precopy 1-2, switchover 2-3, postcopy 3-4, interrupted 4-5, recovery 5-6"
BROKEN_PHASES += ", postcopy 6-7"
FAILED = "0 rig migrate, 1 source active, 3 source STOP, 4 source RESUME, 6 source failed"
AGAIN = (
    "0 rig migrate, 1 source active, 2 source cancelled, 4 source setup, 5 source active, 6 source completed"
)
PAUSED = "0 rig migrate, 1 source active, 3 source device, 4 source completed, 6 source SHUTDOWN"
UNENDED = "0 rig migrate, 1 source active, 3 source STOP"


def marked(words: str, *samples: Sample) -> Timeline:
    """A timeline of marks such as `6 source STOP`, at seconds after 100."""
    marks = []
    for each in words.split(", "):
        at, side, what = each.split(" ", 2)
        assert side in {"source", "destination", "rig"}
        marks.append(Mark(100 + float(at), side, what))  # type: ignore[arg-type]
    return Timeline("a title", marks, list(samples))


def hopeless(seconds: int, *, throttled: bool, measured: bool) -> Timeline:
    """A migration with one pass and ten samples per second that ends by switching to postcopy."""
    words = "0 rig migrate, 0 source setup, 0.1 source active, "
    words += ", ".join(f"{n + 0.1} source pass {n + 1}" for n in range(seconds))
    words += f", {seconds}.2 source postcopy-active, {seconds}.25 source STOP, {seconds}.3 destination RESUME"
    samples = [
        Sample(
            100 + n / 10,
            *("active", n * 3 * MIB, (30 - n % 10 * 3) * MIB),
            dirty_rate=31.0 * MIB if measured and n > 10 else 0.0,
            iteration=1 + n // 10,
            throttle=min(99, n // 20 * 10) if throttled else 0,
        )
        for n in range(seconds * 10)
    ]
    timeline = marked(f"{words}, {seconds + 1} source completed", *samples)
    timeline.blackout = (100 + seconds + 0.24, 100 + seconds + 0.31)
    timeline.beats = [99 + n / 50 for n in range(seconds * 50 + 150)]
    return timeline


def texts(file: Path) -> list[str]:
    """All texts of an SVG. Raises ParseError if it is malformed."""
    root = ET.parse(file).getroot()  # noqa: S314 - the suite itself wrote it
    return ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize(
    "words, wanted",
    [
        (QMP_PRECOPY, "setup 0-2, precopy 2-6, switchover 6-7"),
        (QMP_POSTCOPY, "setup 0-2, precopy 2-6, switchover 6-7, postcopy 7-9"),
        (LIBVIRT_PRECOPY, "setup 0-2, precopy 2-6, switchover 6-7"),
        (LIBVIRT_POSTCOPY, "setup 0-2, precopy 2-6, switchover 6-7, postcopy 7-9"),
        (TO_A_FILE, "setup 0-1, switchover 1-7"),
        (BROKEN, BROKEN_PHASES),
        (FAILED, "setup 0-1, precopy 1-3, switchover 3-4, precopy 4-6"),
        (AGAIN, "setup 0-1, precopy 1-2, setup 4-5, precopy 5-6"),
        (PAUSED, "setup 0-1, precopy 1-3, switchover 3-4"),
        ("0 rig migrate", ""),
        ("0 source STOP, 1 source RESUME", ""),
    ],
    ids=[
        *("precopy", "postcopy", "libvirt", "libvirt-postcopy", "to-a-file", "broken-network", "failed"),
        *("again", "paused", "no-status", "no-migration"),
    ],
)  # fmt: skip
def test_phases_follow_the_events(words: str, wanted: str) -> None:
    """Lose this and the picture shows `precopy` while the guest was paused, or ran at the destination."""
    timeline = marked(words)
    found = phases(timeline, window(timeline))
    said = ", ".join(f"{each.name} {each.start - 100:g}-{each.end - 100:g}" for each in found)
    assert said == wanted


def test_a_phase_without_an_end_lasts_until_the_last_event() -> None:
    """Lose this and a migration that never ended seems not to have begun."""
    timeline = marked(UNENDED, Sample(105, "device", 1, 1))
    last = phases(timeline, window(timeline))[-1]
    assert (last.name, last.start, last.end) == ("switchover", 103, 105)


def test_passes_begin_with_their_first_event_or_sample() -> None:
    """Lose this and the picture shows passes late, twice, or from an earlier migration."""
    timeline = marked(
        "-1 source pass 9, 0 rig migrate, 1 source pass 1, 3 source pass 3, 5 source pass 1",
        *(Sample(100 + at, "active", 1, 1, iteration=n) for at, n in ((1.5, 1), (2, 2), (3.5, 3), (4, 2))),
    )
    found = passes(timeline, window(timeline), 107)
    assert [(each.number, each.start - 100, each.end - 100) for each in found] == [
        *((1, 1, 2), (2, 2, 3), (3, 3, 5), (1, 5, 7)),
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 7, 30, 240, 3000])
def test_numbers_of_passes_never_overlap(count: int) -> None:
    """Lose this and a long migration has a black bar instead of numbered passes."""
    spans = [(900 * n / count, 900 * (n + 1) / count) for n in range(count)]
    widths = [6.6 * len(f"{n} ") for n in range(count)]
    shown = numbers(spans, widths, 905.0)
    ends = [(left, left + widths[place]) for place, left in shown]
    assert all(before[1] <= after[0] for before, after in pairwise(ends))
    assert all(end <= 905 for _, end in ends)
    assert {0, count - 1} <= {place for place, _ in shown} or not count
    assert len(shown) == count or count > 30


def test_series_show_only_measured_values() -> None:
    """Lose this and the picture shows a dirty rate of 0 before QEMU has measured it."""
    rates = [0, 0, 5, 5, 0, 7]
    samples = [
        Sample(n, "active", n * 10, 1, dirty_rate=rate, throttle=20 * (n == 4))
        for n, rate in enumerate(rates)
    ]
    assert [(each.start, each.end, each.value) for each in dirty_rates(samples)] == [
        *((2, 4, 5), (4, 5, 0), (5, 5, 7)),
    ]
    assert [(each.start, each.value) for each in throttles(samples)] == [(4, 20), (5, 0)]
    assert throttles(samples[:4]) == dirty_rates(samples[:2]) == []


def test_bandwidth_does_not_depend_on_the_times_of_samples() -> None:
    """Lose this and two samples in one ms, or a second migration, look like a burst of data."""
    sent = [(0, 0), (1, 100), (1.001, 164), (2, 200), (3, 0), (4, 100)]
    found = bandwidths([Sample(at, "active", bytes_, 1) for at, bytes_ in sent], 0.5)
    assert [(each.start, each.end, each.value) for each in found] == [
        *((0, 1, 100), (1, 2, 100), (3, 4, 100)),
    ]
    assert bandwidths([Sample(at, "active", 0, 9) for at in range(3)], 0.5) == []
    assert bandwidths([], 0.5) == []
    assert begun([Sample(0, "active", 0, 0), Sample(1, "active", 0, 5), Sample(2, "active", 0, 0)])[0].at == 1


@pytest.mark.parametrize(
    "seconds, throttled, measured",
    [(3, True, True), (3, False, False), (40, True, False), (40, False, True)],
    ids=["short-throttled-measured", "short", "long-throttled", "long-measured"],
)
def test_picture_shows_data_and_no_empty_panel(
    seconds: int, throttled: bool, measured: bool, tmp_path: Path
) -> None:
    """Lose this and a picture lacks data of a migration, or has empty panels that look like a finding."""
    file = tmp_path / "timeline.svg"
    timeline = hopeless(seconds, throttled=throttled, measured=measured)
    write_timeline(timeline, file)
    said = texts(file)
    assert ("throttle" in " ".join(said)) is throttled
    assert any(each.startswith("dirtied per second") for each in said) is measured
    assert {"transferred", "remaining", "sent per second", "phase", "pass", "blackout 70 ms"} <= set(said)
    assert {"setup 100 ms", "switchover 100 ms", "postcopy 700 ms", "1", str(seconds)} <= set(said)
    assert not any(each.startswith("pass ") for each in said)
    assert file.stat().st_size < 400_000
    first = file.read_bytes()
    write_timeline(timeline, file)
    assert file.read_bytes() == first


def test_picture_says_where_beats_end(tmp_path: Path) -> None:
    """Lose this and a guest that died in the middle looks like one with beats too small to see."""
    timeline = hopeless(3, throttled=False, measured=False)
    timeline.beats = [each for each in timeline.beats if each < 101]
    write_timeline(timeline, tmp_path / "timeline.svg")
    assert "no beat recorded" in texts(tmp_path / "timeline.svg")
