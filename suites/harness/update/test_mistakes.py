# SPDX-License-Identifier: Apache-2.0
"""A mistake of the suite in one step of a round, with guests that do nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import RigError
from fixtures.matrix.schema import load_matrix
from fixtures.places import ROOT
from fixtures.update.guests import HostGuest, guests_of
from fixtures.update.resident import Resident
from fixtures.update.round import Round

BUILD: Any = SimpleNamespace(name="build")


@pytest.fixture
def guests() -> list[HostGuest]:
    """Those of the host whose update is not interrupted."""
    return guests_of(load_matrix(ROOT / "matrix.yaml"))


@pytest.fixture
def round_(guests: list[HostGuest], tmp_path: Path) -> Round:
    """A round whose steps a test makes."""
    nothing: Any = None
    return Round(nothing, BUILD, BUILD, nothing, "pc-q35-7.2", tmp_path, tmp_path, guests)


def resident(guest: HostGuest) -> Resident:
    """A guest of which nothing has failed."""
    attempt: Any = SimpleNamespace(checks=[], began=True, harmed=None)
    return Resident(guest, attempt)


def test_mistake_in_one_step_is_an_error_of_that_step(round_: Round, guests: list[HostGuest]) -> None:
    """Lose this and one mistake discards the results of all guests of a host."""
    first, second = resident(guests[0]), resident(guests[1])

    def wrong(each: Resident) -> None:
        if each is first:
            int("no number")

    round_._each([first, second], "adopted", wrong)
    record = round_.records[guests[0].name, "adopted"]
    assert record.result == "error"
    assert "the suite made a mistake, see bare-adopted-mistake.txt: ValueError" in record.reason
    assert "no number" in (round_.evidence / "bare-adopted-mistake.txt").read_text()
    assert round_.records[guests[1].name, "adopted"].result == "pass"


def test_guests_that_stay_have_ended_before_others_move(round_: Round, guests: list[HostGuest]) -> None:
    """Lose this and guests that have nothing more to do take the cores of those that move."""
    ended: list[str] = []
    residents = [resident(guest) for guest in guests]
    for each in residents:
        each.end = partial(ended.append, each.guest.name)
    residents[0].failed = "used"
    round_._end_those_that_stay(residents)
    assert ended == ["bare", "plugged", "restarted", "saved"]


def test_guest_that_leaves_something_behind_is_an_error(round_: Round, guests: list[HostGuest]) -> None:
    """Lose this and the guests that still have to move are not moved."""

    def end() -> None:
        raise RigError("a process still runs")

    (stays,) = [resident(guest) for guest in guests if guest.name == "plugged"]
    stays.end = end
    round_._end_those_that_stay([stays])
    assert round_.records["plugged", "module"].reason == "a process still runs"
