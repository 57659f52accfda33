# SPDX-License-Identifier: Apache-2.0
"""Which changes arrive is seen of each change by itself, though many are made together."""

from __future__ import annotations

from fixtures.still.stream import parse
from suites.harness.observability.kept import kept_changes, unsteady_fields
from suites.harness.observability.knowledge import Knowledge
from suites.harness.observability.trials import Trial, field_trials, page_trials
from suites.harness.support.streams import DEVICES, UINT8, stream_of
from suites.harness.support.tampered_streams import page, ram

CONTENT = bytes(range(256)) * 16
PAGES = ram([page(0x1000, CONTENT, "pc.ram")], last=True)
SENT = stream_of(ram=PAGES)
TICKED = stream_of([(DEVICES[0][0], b"\0"), DEVICES[1]], ram=PAGES)
"""The same with another value of the first field."""


def trials_of(path: str) -> list[Trial]:
    """The trials of one field."""
    return [each for each in field_trials(parse(SENT), Knowledge((), (), {})) if each.path == path]


def test_only_the_field_that_arrived_is_kept() -> None:
    """Lose this and a field that QEMU ignores is reported as noticed."""
    timer, mac = trials_of("level")[:1], trials_of("mac")[:1]
    assert kept_changes([*timer, *mac], SENT, TICKED) == set(timer)


def test_a_field_that_always_differs_proves_nothing() -> None:
    """Lose this and every change of a clock seems to be noticed."""
    unsteady = unsteady_fields(SENT, TICKED)
    assert unsteady == {("timer", "level")}
    assert kept_changes(trials_of("level"), SENT, TICKED, unsteady) == set()


def test_a_page_that_arrived_is_kept() -> None:
    """Lose this and a changed page seems to be ignored."""
    (trial,) = page_trials([("pc.ram", 1, (0,))], 1, seed=1)
    arrived = stream_of(ram=ram([page(0x1000, b"\0", "pc.ram")], last=True))
    assert kept_changes([trial], SENT, arrived) == {trial}


def test_a_field_that_the_check_leaves_out_is_not_kept() -> None:
    """Lose this and fields that nobody compares are reported as noticed."""
    description = {"name": "mc146818rtc", "instance_id": 0, "vmsd_name": "mc146818rtc", "version": 1}
    fields = {"fields": [UINT8 | {"name": "base_rtc"}]}
    sent, arrived = (stream_of([(description | fields, value)], ram=PAGES) for value in (b"\1", b"\0"))
    trials = field_trials(parse(sent), Knowledge((), (), {}))[:1]
    assert kept_changes(trials, sent, arrived) == set()


def test_a_field_whose_subsection_is_gone_is_kept() -> None:
    """Lose this and a change that makes a QEMU forget a whole subsection seems to be ignored."""
    nic, state = DEVICES[1]
    without = ({key: value for key, value in nic.items() if key != "subsections"}, state[:7])
    late = trials_of("<nic/late>/level")[:1]
    assert kept_changes(late, SENT, stream_of([DEVICES[0], without], ram=PAGES)) == set(late)
