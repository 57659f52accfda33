# SPDX-License-Identifier: Apache-2.0
"""Is a network card that receives less after a move found?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.guest.examination import Before
from fixtures.guest.rx_filters import RX_FILTER, filters_kept

CARD = {
    "name": "net",
    "promiscuous": False,
    "main-mac": "52:54:00:12:34:56",
    "multicast-table": ["33:33:00:00:00:01"],
}


def guest(filters: list[dict[str, Any]] | None) -> Any:
    """A guest of whose network cards QEMU says this now."""
    return SimpleNamespace(machine=SimpleNamespace(rx_filters=lambda: filters))


@pytest.mark.parametrize(
    "name, value", [("promiscuous", True), ("main-mac", "52:54:00:00:00:00"), ("multicast-table", [])]
)
def test_a_card_that_receives_something_else_is_found(name: str, value: Any) -> None:
    """Lose this and a guest that no longer gets its multicasts passes."""
    check = filters_kept([CARD], [CARD | {name: value}])
    assert not check
    assert (check.name, check.what) == (RX_FILTER, "net")
    assert check.detail == f"net: {name} was {CARD[name]} and is {value}"


def test_a_card_that_is_gone_is_found() -> None:
    """Lose this and a lost network card is a traceback."""
    gone = filters_kept([CARD], [])
    assert (gone.what, gone.detail) == ("net", "net: QEMU no longer says what it receives")


def test_a_table_may_have_grown() -> None:
    """Lose this and a guest whose kernel adds an address during its move fails."""
    more = CARD | {"multicast-table": ["33:33:00:00:00:01", "33:33:ff:12:34:56"]}
    assert filters_kept([CARD], [more])


def test_the_destination_is_asked() -> None:
    """Lose this and nobody compares what the source said."""
    (check,) = Before(times=None, rx_filters=[CARD]).kept(guest([CARD | {"promiscuous": True}]))  # type: ignore[arg-type]
    assert not check


@pytest.mark.parametrize("filters, now", [((), [CARD]), ([CARD], None)], ids=["no card", "libvirt"])
def test_nothing_is_checked_where_qemu_says_nothing(filters: Any, now: Any) -> None:
    """Lose this and guests on libvirt's paths fail."""
    assert not list(Before(times=None, rx_filters=filters).kept(guest(now)))  # type: ignore[arg-type]
