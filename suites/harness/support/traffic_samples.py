# SPDX-License-Identifier: Apache-2.0
"""Traffic of a guest that moves without a defect: 1000 frames, of which the switchover loses 20."""

from __future__ import annotations

from collections.abc import Sequence

from fixtures.evidence.traffic import Frame, Traffic
from fixtures.evidence.traffic_checks import Bounds

SOURCE, DESTINATION = 3, 4
STOPPED, RESUMED = 1.0, 1.04
EVERY, ROUND_TRIP = 0.002, 0.001
BOUNDS = Bounds(started=0.5, stopped=STOPPED, silence=RESUMED - STOPPED)


def sent(number: int, port: int) -> Frame:
    """A frame of the peer."""
    return Frame(number * EVERY, port, False, "numbered", number)


def echo(number: int, port: int, later: float = ROUND_TRIP) -> Frame:
    """What the guest sends back."""
    return Frame(number * EVERY + later, port, True, "numbered", number)


def good_frames() -> list[Frame]:
    """In the order of their times, with the announcements of QEMU and of the guest."""
    found = [
        Frame(RESUMED, DESTINATION, True, "rarp"),
        Frame(RESUMED + 0.05, DESTINATION, True, "gratuitous"),
    ]
    for number in range(1000):
        at = number * EVERY
        port = SOURCE if at < RESUMED else DESTINATION
        found.append(sent(number, port))
        if not STOPPED <= at < RESUMED:
            found.append(echo(number, port))
    return in_order(found)


def in_order(frames: Sequence[Frame]) -> list[Frame]:
    """By their times."""
    return sorted(frames, key=lambda frame: frame.at)


def traffic(frames: Sequence[Frame], flows: int = 1) -> Traffic:
    """These frames, at the two ports."""
    return Traffic(in_order(frames), SOURCE, DESTINATION, flows)


PRESENTED = """
CPU[0000]:   QW   NSR CPPR IPB LSMFB ACK# INC AGE PIPR  W2
CPU[0000]: USER    00   00  00    00   00  00  00   00  00000000
CPU[0000]:   OS    80   ff  02    ff   ff  00  ff   06  80000400
CPU[0000]: POOL    00   00  00    00   00  00  00   00  00000000
CPU[0000]: PHYS    00   00  00    00   00  00  00   ff  00000000
  LISN         PQ    EISN     CPU/PRIO EQ
  00001102 MSI -Q  M 00000000
  00001103 MSI PQ    00000015   0/6    367/16384 @4110000 ^1 [ 80000015 80000015 ^00000000 ]
irqchip: emulated
"""
"""What QEMU 10.0's `info pic` said again and again of a guest that took no frames from its spapr-vlan."""
