# SPDX-License-Identifier: Apache-2.0
"""Booted guests of single tests, in words."""

from __future__ import annotations

import pytest

from reports.sentences.subjects import guest_words


@pytest.mark.parametrize(
    "aspect,words",
    [
        ("tap-virtio", "with a virtio network card on a tap"),
        ("tap-virtio-2-queues", "with a virtio network card with 2 queues on a tap"),
        ("tap-rtl8139", "with an rtl8139 network card on a tap"),
        ("channels", "with a channel to their agent"),
        ("compat-power8", "that run as POWER8"),
        ("xbzrle-ends-it", "that write memory faster than it can be sent"),
        ("one-daemon-refused", "that are to be moved to the same libvirt daemon, which it must refuse"),
        ("virsh-postcopy", "that virsh moves (postcopy)"),
    ],
)
def test_guests_of_one_test_are_named_in_words(aspect: str, words: str) -> None:
    """Lose this and the first screen speaks of guests by the name of a test."""
    assert guest_words([f"idle-bare-1vcpu-{aspect}"]) == words
