# SPDX-License-Identifier: Apache-2.0
"""Is a sample tried as it is written, so that its figure can be compared with an earlier one?"""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.still.stream import parse
from suites.harness.observability.sample import Sample, Wanted, sample_trials
from suites.harness.support.streams import DEVICES, stream_of

STREAM = parse(stream_of())
TEXT = """
baseline: {idle-bare: {noticed: 1, refused: 2, unnoticed: 3}}
changes: {idle-bare: {timer: [level, level ones], "*/nic#1": ["*"]}}
"""


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """A sample with three changes of one kind of guest."""
    (tmp_path / "mine.yaml").write_text(TEXT)
    return Sample.read("mine", tmp_path)


def test_each_change_is_tried_in_its_mode(sample: Sample) -> None:
    """Lose this and the figure is of other changes than the earlier one."""
    trials, missing = sample_trials(STREAM, sample.of("idle", "bare"))
    assert [trial.key for trial in trials] == [
        ("timer", "level", "zero"),
        ("timer", "level", "ones"),
        ("0000:00:03.0/nic#1", "*", "zero"),
    ]
    assert missing == []


def test_fields_of_one_pattern_are_changed_together(sample: Sample) -> None:
    """Lose this and half of a register is changed."""
    *_, last = sample_trials(STREAM, sample.of("idle", "bare"))[0]
    assert [place.path for place in last.places] == ["mac", "ring[0]/level", "<nic/late>/level"]


def test_what_is_zero_already_is_inverted() -> None:
    """Lose this and a change without effect counts as not noticed."""
    zero = parse(stream_of([(DEVICES[0][0], b"\0")]))
    (trial,), _ = sample_trials(zero, [Wanted("timer", "level", "zero")])
    assert trial.mode == "invert"


def test_a_field_that_the_guest_does_not_have_is_named() -> None:
    """Lose this and a sample shrinks silently."""
    assert sample_trials(STREAM, [Wanted("hpet", "isr", "zero")]) == ([], ["hpet isr"])


def test_a_sample_or_guest_that_does_not_exist_is_the_users_mistake(sample: Sample) -> None:
    """Lose this and a typing error ends with a traceback."""
    with pytest.raises(UsageError, match="choose from: eyes"):
        Sample.read("ears")
    with pytest.raises(UsageError, match="choose a guest of: idle-bare"):
        sample.of("busy", "devices")


def test_a_mode_that_does_not_exist_is_refused() -> None:
    """Lose this and a change is zeroed that was to be set to ones."""
    with pytest.raises(UsageError, match="one is no mode"):
        Wanted.of("timer", "level one")


def test_the_shipped_sample_can_be_read() -> None:
    """Lose this and the figures on the docs page cannot be measured again."""
    sample = Sample.read("eyes")
    assert {guest: len(found) for guest, found in sample.guests.items()} == {
        "idle-virtio": 185,
        "busy-virtio": 65,
        "idle-devices": 36,
    }
    assert sample.baselines.keys() == sample.guests.keys()
