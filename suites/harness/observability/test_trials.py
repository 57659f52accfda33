# SPDX-License-Identifier: Apache-2.0
"""Is every field tried, in a way that changes it?"""

from __future__ import annotations

import time

from fixtures.still.ram import last_contents, sent_pages
from fixtures.still.stream import Stream, parse
from suites.harness.observability.aging import NS, Aging
from suites.harness.observability.held_clock import held_clock
from suites.harness.observability.knowledge import Entry, Knowledge
from suites.harness.observability.trials import (
    Trial,
    field_trials,
    first_choice,
    page_trials,
    spread,
    stale_page_trials,
)
from suites.harness.support.streams import UINT8, stream_of
from suites.harness.support.tamper.places import all_places
from suites.harness.support.tampered_streams import page, ram, stream_with

NOTHING = Knowledge((), (), {})
CONTENT = bytes(range(256)) * 16


def rtc(**values: int) -> Stream:
    """A stream whose only device is an RTC with these fields of 8 bytes."""
    fields = [{"name": name, "type": "int64", "size": 8} for name in values]
    description = {
        "name": "mc146818rtc", "instance_id": 0, "vmsd_name": "mc146818rtc", "version": 3, "fields": fields,
    }  # fmt: skip
    return parse(stream_of([(description, b"".join(value.to_bytes(8) for value in values.values()))]))


def tried(trials: list[Trial]) -> set[tuple[str, str]]:
    """Field and mode of each trial."""
    return {(trial.path, trial.mode) for trial in trials}


def test_a_mode_that_changes_nothing_is_not_tried() -> None:
    """Lose this and a zero that becomes zero counts as a field that nobody notices."""
    assert tried(field_trials(rtc(offset=0), NOTHING)) == {("offset", "invert"), ("offset", "ones")}


def test_a_timer_is_also_set_to_never() -> None:
    """Lose this and timers are only made due at once, which heals itself."""
    assert tried(first_choice(field_trials(rtc(alarm=7), NOTHING))) == {("alarm", "zero"), ("alarm", "ones")}


def test_elements_of_an_array_are_one_field() -> None:
    """Lose this and the unused queues of a device outweigh all that is used."""
    description = {
        "name": "nic", "instance_id": 0, "vmsd_name": "nic", "version": 1,
        "fields": [
            {"name": "ring", "index": number, "type": "struct", "size": 1,
             "struct": {"vmsd_name": "ring", "version": 1, "fields": [UINT8]}}
            for number in range(3)
        ],
    }  # fmt: skip
    trials = first_choice(field_trials(parse(stream_of([(description, b"\1\2\3")])), NOTHING))
    assert [(trial.path, len(trial.places)) for trial in trials] == [("ring/level", 3)]


def test_lengths_of_what_follows_are_left_out() -> None:
    """Lose this and a change of one field shifts all others, and shows nothing."""
    known = Knowledge((Entry("mc146818rtc", "count", "a length"),), (), {})
    assert {trial.path for trial in field_trials(rtc(count=1, alarm=2), known)} == {"alarm"}


def test_a_change_is_made_in_the_part_that_is_sent_again() -> None:
    """Lose this and another field is changed than the report says."""
    stream = rtc(alarm=7)
    (trial,) = [each for each in field_trials(stream, NOTHING) if each.mode == "zero"]
    base = trial.places[0].offset - 2
    state = bytearray(stream.raw[base:])
    trial.apply(state, base)
    assert bytes(state) == stream.raw[base : base + 2] + bytes(8) + stream.raw[base + 10 :]


def test_each_section_has_its_turn_before_the_time_ends() -> None:
    """Lose this and a bounded run measures one device."""
    trials = [Trial(section, str(number), "zero", ()) for section in "ab" for number in range(20)]
    assert {trial.section for trial in spread(trials, seed=1)[:2]} == {"a", "b"}
    assert spread(trials, seed=1) == spread(trials, seed=1) != spread(trials, seed=2)


def test_a_page_is_changed_in_all_its_sendings() -> None:
    """Lose this and a page that is sent again heals the damage, which then seems to be unnoticed."""
    first = ram([page(0x1000, CONTENT, "pc.ram"), page(0x2000, b"\0")])
    stream = stream_with(first, ram([page(0x1000, CONTENT, "pc.ram"), page(0x3000, CONTENT)], last=True))
    found = {(block, number): len(offsets) for block, number, offsets in sent_pages(stream)}
    assert found == {("pc.ram", 1): 2, ("pc.ram", 3): 1}
    (trial,) = [each for each in page_trials(sent_pages(stream), 9, seed=1) if "0x1" in each.path]
    assert [stream[place.offset : place.end] for place in trial.places] == [CONTENT, CONTENT]


def test_a_page_whose_last_content_is_lost_keeps_an_older_one() -> None:
    """Lose this and a lost dirty page is measured by another page, or by a stream that cannot be loaded."""
    twice, same = page(0x1000, CONTENT, "pc.ram"), page(0x2000, CONTENT)
    last = ram([same, page(0x1000, CONTENT[::-1]), page(0x3000, CONTENT)], last=True)
    stream = stream_with(ram([twice, same]), last)
    (trial,) = stale_page_trials(stream, 9, seed=1)
    (place,) = trial.places
    found = last_contents(stream[: place.offset] + stream[place.end :])
    assert {number for _block, number in found} == {1, 2, 3}
    assert stream[found["pc.ram", 1] or 0 :].startswith(CONTENT)


def test_an_rtc_does_not_notice_that_it_is_replayed_later() -> None:
    """Lose this and every guest that is replayed late has a wrong RTC."""
    stream = rtc(base_rtc=5, last_update=9)
    aging = Aging.of(all_places(stream))
    state = bytearray(stream.raw)
    aging.apply(state, 0, 2.0)
    begin = stream.raw.index((9).to_bytes(8))
    assert int.from_bytes(state[begin : begin + 8]) == 9 + 2 * NS


def test_the_clock_goes_on_from_the_moment_of_the_capture() -> None:
    """Lose this and the time between capture and replay is taken for a blackout."""
    before = time.monotonic()
    with held_clock() as clock:
        clock.back_to(before - 1000)
        assert -1000 <= time.monotonic() - before < -990
    assert time.monotonic() >= before
