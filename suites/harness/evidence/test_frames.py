# SPDX-License-Identifier: Apache-2.0
"""Frames that announce a guest are found in what QEMU writes."""

from fixtures.evidence.frames import RARP, announcements, frames
from suites.harness.support.scripted_managed import pcap

ARP = 0x0806


def test_announcements_have_their_address() -> None:
    """Lose this and the announcement of another guest counts as this one's."""
    assert announcements(pcap(ARP, RARP, RARP)) == ["52:54:00:12:34:56"] * 2


def test_other_frames_announce_nothing() -> None:
    """Lose this and any frame of the guest counts as QEMU's announcement."""
    assert announcements(pcap(ARP)) == []


def test_frame_that_is_still_written_is_left_out() -> None:
    """Lose this and a look at the wrong moment ends in a traceback."""
    whole = pcap(ARP, RARP)
    found = [len(list(frames(whole[:length]))) for length in range(len(whole) + 1)]
    assert found == sorted(found)
    assert found[-2:] == [1, 2]
