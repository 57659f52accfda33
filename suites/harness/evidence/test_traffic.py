# SPDX-License-Identifier: Apache-2.0
"""Each way in which a move can harm a guest's network is seen in its frames; a good move is not blamed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fixtures.evidence.offloads import feature_names, offloads_kept
from fixtures.evidence.traffic import Frame
from fixtures.evidence.traffic_checks import announced, frames_arrive, traffic_figures
from suites.harness.support.traffic_samples import (
    BOUNDS,
    DESTINATION,
    RESUMED,
    SOURCE,
    echo,
    good_frames,
    sent,
    traffic,
)

Spoil = Callable[[list[Frame]], list[Frame]]


def test_good_move_passes() -> None:
    """Lose this and every guest on a tap is a finding."""
    found = traffic(good_frames())
    assert frames_arrive(found, BOUNDS, ordered=True)
    assert announced(found, by_guest=True).detail == "1 rarp, 1 gratuitous"


def test_figures_of_a_good_move() -> None:
    """Lose this and reports say that a move costs a guest's network nothing, or something else."""
    figures = traffic_figures(traffic(good_frames()), BOUNDS)
    assert (figures["frames sent"], figures["frames lost"], figures["announcements"]) == (1000, 20, 2)
    assert figures["gap of frames at the switchover ms"] == figures["longest gap of frames ms"] == 42.0
    assert figures["frames to the old port"] == figures["frames lost otherwise"] == 0


def test_frames_lost_otherwise_have_a_figure_of_their_own() -> None:
    """Lose this and a busy host makes a move look as if it cost many frames."""
    figures = traffic_figures(traffic(lose(100, 101)(good_frames())), BOUNDS)
    assert (figures["frames lost"], figures["frames lost otherwise"]) == (20, 2)


def lose(*numbers: int) -> Spoil:
    """The guest does not send these back."""
    return lambda frames: [each for each in frames if not (each.from_guest and each.number in numbers)]


SPOILED: dict[str, tuple[Spoil, str]] = {
    "lost": (lose(100), "1 frames were lost while the guest ran: -0.800 s from its stop on the source"),
    "lost afterwards": (lose(800, 801), "2 frames were lost while the guest ran: +0.600 s, +0.602 s"),
    "lost after it went deaf long before its stop": (
        lose(*range(50, 500)),
        "frames were lost while the guest ran: -0.900 s",
    ),
    "twice": (lambda frames: [*frames, echo(700, DESTINATION, 0.003)], "1 frames came back twice: 700"),
    "order": (
        lambda frames: [*lose(600)(frames), echo(600, DESTINATION, 0.004)],
        "1 frames came back out of order: 600",
    ),
    "old port": (
        lambda frames: [*frames, Frame(RESUMED + 0.1, SOURCE, True, "arp")],
        "1 frames came from the source when the destination ran the guest",
    ),
    "gap": (
        lambda frames: [
            replace(each, at=1.7) if each.from_guest and 1.04 < each.at < 1.7 else each for each in frames
        ],
        "no frame came back for 0.701 s around the switchover, 0.544 s allowed",
    ),
}


@pytest.mark.parametrize("case", SPOILED)
def test_harm_to_the_network_is_found(case: str) -> None:
    """Lose this and a defect of this kind passes in every cell."""
    spoil, words = SPOILED[case]
    check = frames_arrive(traffic(spoil(good_frames())), BOUNDS, ordered=True)
    assert not check
    assert words in check.detail
    assert case.partition(" after")[0] in check.what


def test_gap_does_not_make_itself_usual() -> None:
    """Lose this and a guest that libvirt stopped, which is heard late, may be silent for as long as it is."""
    late = replace(BOUNDS, stopped=RESUMED + 0.02, silence=0.0)
    spoil, words = SPOILED["gap"]
    check = frames_arrive(traffic(spoil(good_frames())), late, ordered=True)
    assert check.what == "gap"
    assert words.partition(" around")[0] in check.detail


def test_guest_may_be_silent_for_longer_on_an_overloaded_machine() -> None:
    """Lose this and a busy host is a defect of the build."""
    spoil, _words = SPOILED["gap"]
    assert frames_arrive(traffic(spoil(good_frames())), replace(BOUNDS, overload=1.5), ordered=True)


def test_frames_that_a_full_queue_loses_are_no_defect() -> None:
    """Lose this and a guest on a busy host, which cannot keep up with the peer, is a finding."""
    slow = [
        replace(each, at=each.at + 0.2) if each.from_guest and 790 <= each.number < 810 else each
        for each in lose(800, 801)(good_frames())
    ]
    found = traffic(slow)
    assert found.lost().keys() >= {800, 801}
    assert not found.lost_in_time(0.1).keys() & {800, 801}
    assert found.lost_in_time(0.3).keys() >= {800, 801}


def test_frames_that_a_burst_loses_are_no_defect() -> None:
    """Lose this and a card that gets many frames at once, because the host was busy, is a finding."""
    burst = [
        replace(each, at=1.6) if each.from_guest and 730 <= each.number < 795 else each
        for each in lose(*range(795, 800))(good_frames())
    ]
    assert not traffic(burst).lost_in_time(0.1).keys() & set(range(795, 800))


def test_last_frames_of_a_slow_queue_are_no_defect() -> None:
    """Lose this and a card with two queues fails if one vCPU gets no core when the frames are handed over."""
    found = lose(*range(901, 1000, 2))(good_frames())
    assert traffic(found, flows=1).lost_in_time(0.05).keys() >= {901}
    assert not traffic(found, flows=2).lost_in_time(0.05).keys() & set(range(901, 1000))
    assert traffic(lose(601)(good_frames()), flows=2).lost_in_time(0.05).keys() >= {601}
    slow = [
        replace(each, at=each.at + 0.2) if each.from_guest and 520 <= each.number < 540 else each
        for each in lose(800)(good_frames())
    ]
    assert traffic(slow, flows=8).lost_in_time(0.05).keys() >= {800}


def test_order_counts_within_a_flow_only() -> None:
    """Lose this and a guest with several queues is blamed for what networks may do."""
    late = [*lose(600)(good_frames()), echo(600, DESTINATION, 0.004)]
    assert traffic(late).out_of_order() == [600]
    assert traffic(late, flows=8).out_of_order() == []


def test_frame_that_both_ports_got_is_one_frame() -> None:
    """Lose this and a frame that the bridge sent to both ports counts as lost."""
    both = [*good_frames(), sent(10, DESTINATION)]
    assert traffic(both).sent().keys() == set(range(1000))


@pytest.mark.parametrize(
    "what,words", [("rarp", "QEMU sent no RARP"), ("gratuitous", "the guest sent no ARP")]
)
def test_lost_announcement_is_found(what: str, words: str) -> None:
    """Lose this and a switch goes on sending a guest's frames to where it was, and nobody notices."""
    silent = [each for each in good_frames() if each.what != what]
    assert announced(traffic(silent), by_guest=True).detail == f"{words} after the move"


def test_guest_need_not_announce_itself() -> None:
    """Lose this and cards without that feature fail."""
    silent = [each for each in good_frames() if each.what != "gratuitous"]
    assert announced(traffic(silent), by_guest=False)


def test_frames_to_the_old_port_are_counted() -> None:
    """Lose this and nobody sees how long the bridge sent frames to the old QEMU."""
    stale = [*good_frames(), Frame(RESUMED + 0.2, SOURCE, False, "numbered", 5000)]
    assert traffic(stale).to_source_afterwards() == 1


def test_names_of_features() -> None:
    """Lose this and reports list features that the guest does not have."""
    assert feature_names("1100000100000000000001" + "0" * 10 + "1") == [
        *("CSUM", "GUEST_CSUM", "GUEST_TSO4", "GUEST_ANNOUNCE", "VERSION_1")
    ]
    assert feature_names("0" * 56 + "1" + "0" * 7 + "1") == ["HOST_USO", "bit 64"]
    assert feature_names("none") == []


def test_lost_offload_is_found() -> None:
    """Lose this and a guest's network is slower after an update, and nobody notices."""
    tap = ("tx-tcp-segmentation", "rx-gro")
    assert offloads_kept((["CSUM"], ["CSUM"]), (tap, tap))
    lost = offloads_kept((["CSUM"], ["CSUM"]), (tap, ("rx-gro",)))
    assert (lost.held, lost.what) == (False, "tx-tcp-segmentation")
    assert lost.detail == "the tap no longer has tx-tcp-segmentation"
    several = offloads_kept((["CSUM"], ["CSUM"]), (frozenset(tap), frozenset()))
    assert several.what == "rx-gro, tx-tcp-segmentation"
    driver = offloads_kept((["CSUM"], []), (tap, tap))
    assert driver.detail == "the guest's driver no longer has CSUM"
