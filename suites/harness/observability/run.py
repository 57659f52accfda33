# SPDX-License-Identifier: Apache-2.0
"""Runs it: one guest is captured once, and replayed with one change, or a group of changes, at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fixtures.attempt.attempt import Setting
from fixtures.machine.machine_types import resolve
from fixtures.machine.probe import probed
from fixtures.matrix.cells import Cell
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.names import Arch, Hardware, Profile
from fixtures.matrix.schema import load_matrix
from fixtures.path.interface import negotiated
from fixtures.places import MATRIX_FILE
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.still.arrival import STATE
from fixtures.still.ram import sent_pages
from fixtures.still.stream import Stream, parse
from fixtures.temporary import temporary_directory
from suites.harness.observability.capture import captured
from suites.harness.observability.held_clock import held_clock
from suites.harness.observability.kept import is_compared
from suites.harness.observability.knowledge import Knowledge
from suites.harness.observability.player import Player
from suites.harness.observability.replay import LOAD, Ending, Replayer, refuse_unclean
from suites.harness.observability.results import Result, Row
from suites.harness.observability.sample import Sample, Wanted, sample_trials
from suites.harness.observability.search import UNNOTICED, Search
from suites.harness.observability.trials import (
    RAM,
    Trial,
    field_trials,
    first_choice,
    page_trials,
    spread,
    stale_page_trials,
)
from suites.harness.support.tamper.places import all_places

VCPUS = {"x86_64": 2, "ppc64le": 1}
"""ppc64le guests with two do not survive a move from or to QEMU 10.0 under TCG."""
PART = 60
"""Changes that are tried in every way before the next ones, so that a bounded run is a fair sample."""
FEW_ARE_REFUSED = 0.04
TOGETHER_UNLESS_REFUSED = 30
"""Most changes in one load that is only compared, because each change is then looked at by itself."""
SHOWN = 120
"""Characters of what a check said that are shown while the command runs."""
BY_STATE = Ending("noticed", STATE, "the destination has the changed value")


@dataclass(frozen=True)
class Order:
    """What the user asks for."""

    arch: Arch
    hardware: Hardware
    profile: Profile
    old: str
    new: str
    minutes: float
    """0: no bound."""
    seed: int
    pages: int
    """Pages of RAM to change."""
    everything: bool = False
    """Every mode of every field."""
    only: str = ""
    """Only sections that contain this."""
    running: bool = False
    """Only checks of a running guest, without the comparison of a stopped one."""
    sample: str = ""
    """Name of the sample to try, instead of all fields; see :mod:`suites.harness.observability.sample`."""
    before: Result | None = None
    """An earlier result, of which nothing is tried again."""
    live: bool = False
    """The guest runs until its source has sent everything. As many pages again lose their last content."""
    full: bool = False
    """The guest fills all its free memory."""

    @property
    def pages_left(self) -> int:
        """Pages of RAM that the earlier result lacks."""
        return max(0, self.pages - (self.before.ram().tried if self.before else 0))

    @property
    def name(self) -> str:
        """Of the files of its result."""
        ways = {"running": self.running, "live": self.live, "full": self.full}
        parts = (self.arch, self.hardware, self.profile, self.sample, *(way for way in ways if ways[way]))
        return "-".join(part for part in parts if part)


def observe(order: Order, say: Callable[[str], None]) -> Result:
    """Capture, replay and collect. Raises :class:`RigError`, :class:`UsageError`."""
    began = time.perf_counter()
    knowledge = Knowledge.read()
    wanted = Sample.read(order.sample).of(order.profile, order.hardware) if order.sample else ()
    with held_clock() as clock, temporary_directory("hotpatch-observability-") as evidence:
        setting = _setting(order, evidence)
        say(f"boots a guest on {setting.old.name} and captures it")
        capture = captured(setting, live=order.live)
        stream = parse(capture.stream)
        player = Player(Replayer(capture, clock, evidence), stream, clock, running=order.running)
        if not order.running:
            player.load_unchanged()
        refuse_unclean(player.play([]))
        all_trials = field_trials(stream, knowledge)
        trials = _sampled(stream, wanted, order.seed, say) if wanted else _chosen(all_trials, order)
        before = order.before
        trials = [trial for trial in trials if before is None or trial.key not in before.known]
        pages = page_trials(sent_pages(stream.raw), order.pages_left, order.seed)
        pages += stale_page_trials(stream.raw, order.pages_left, order.seed) if order.live else []
        say(f"{len(trials)} changes of fields and {len(pages)} pages to try")
        endings, replays = _endings([*spread(pages, order.seed), *trials], player, order, say, began)
        endings |= _with_uses(endings, player)
    rows = tuple(Row.of(trial, ending) for trial, ending in endings.items())
    result = Result(
        order.arch,
        order.hardware,
        order.profile,
        order.old,
        order.new,
        order.seed,
        round(time.perf_counter() - began, 1),
        replays,
        len({trial.field for trial in all_trials}),
        rows,
        order.running,
        tuple(sorted(_left_out(stream, knowledge))),
        order.sample,
    )
    return order.before.and_more(result) if order.before else result


def _endings(
    left: Sequence[Trial], player: Player, order: Order, say: Callable[[str], None], began: float
) -> tuple[dict[Trial, Ending], int]:
    """The ending of each trial until the time is up, and the number of replays.

    First changes are only loaded and compared; then what that did not find is tried in a running guest.
    """

    def is_late() -> bool:
        return order.minutes > 0 and time.perf_counter() - began > order.minutes * 60

    loads = _said(player.load, say, "loaded")
    static = Search(loads, FEW_ARE_REFUSED, TOGETHER_UNLESS_REFUSED, is_late=is_late)
    search = Search(_said(player.play, say), is_late=is_late)
    for row in order.before.rows if order.before else ():
        if not order.running:
            static.learns(row.section, row.path, row.mode, seen=row.check == LOAD)
        if order.running or row.check not in (LOAD, STATE):
            search.learns(row.section, row.path, row.mode, seen=row.seen)
    while left and not is_late():
        part, left = left[:PART], left[PART:]
        if not order.running:
            static.run(part)
            part = [trial for trial in part if static.endings.get(trial) is UNNOTICED]
        not_found = [trial for trial in part if trial not in player.arrived]
        for compared in (True, False):
            search.run(trial for trial in not_found if is_compared(trial) is compared)
    not_loaded = {trial: ending for trial, ending in static.endings.items() if ending is not UNNOTICED}
    endings = not_loaded | dict.fromkeys(player.arrived, BY_STATE) | search.endings
    return endings, static.replays + search.replays


def _with_uses(endings: Mapping[Trial, Ending], player: Player) -> dict[Trial, Ending]:
    """The endings of pages that nobody noticed, with what the guest uses each for."""
    pages = [
        trial for trial, ending in endings.items() if trial.section == RAM and ending.how == UNNOTICED.how
    ]
    uses = player.uses([trial.page for trial in pages]) if pages else []
    return {trial: replace(UNNOTICED, detail=use) for trial, use in zip(pages, uses, strict=True)}


def _chosen(trials: Sequence[Trial], order: Order) -> list[Trial]:
    """The most telling change of each field first; with `everything` also the others."""
    wanted = [trial for trial in trials if order.only in trial.section]
    first = first_choice(wanted)
    known = set(first)
    rest = [trial for trial in wanted if trial not in known] if order.everything else []
    return [*spread(first, order.seed), *spread(rest, order.seed)]


def _sampled(stream: Stream, wanted: Sequence[Wanted], seed: int, say: Callable[[str], None]) -> list[Trial]:
    """The changes of a sample that this guest's state has the fields for; says which it has not."""
    trials, missing = sample_trials(stream, wanted)
    if missing:
        say(f"this guest does not have {', '.join(missing)}")
    return spread(trials, seed)


def _said(
    play: Callable[[Sequence[Trial]], Ending], say: Callable[[str], None], passed: str = UNNOTICED.how
) -> Callable[..., Ending]:
    """The same, but it says how each ended, and calls it `passed` if nobody noticed."""

    def attempt(group: Sequence[Trial]) -> Ending:
        ending = play(group)
        what = group[0].label if len(group) == 1 else f"{len(group)} fields, first {group[0].label}"
        how = passed if ending.how == UNNOTICED.how else ending.how
        say(f"{how:9} {ending.check:18} {what}{': ' if ending.detail else ''}{ending.detail[:SHOWN]}")
        return ending

    return attempt


def _left_out(stream: Stream, knowledge: Knowledge) -> set[tuple[str, str, str]]:
    found = ((each, knowledge.left_out(each.section, each.bare)) for each in all_places(stream))
    return {(each.section, each.bare, reason) for each, reason in found if reason and each.kind == "field"}


def _setting(order: Order, evidence: Path) -> Setting:
    matrix = load_matrix(MATRIX_FILE)
    under_test = PairUnderTest(
        matrix, matrix.pair(order.old, order.new), strict_pins=False, evidence=lambda: evidence
    )
    family = matrix.machine_types[order.arch][-1].family
    cell = Cell(
        order.arch,
        family,
        "newest-old",
        "qmp",
        "precopy",
        order.profile,
        order.hardware,
        VCPUS[order.arch],
        options=GuestOptions(fills_memory=order.full),
    )
    under_test.prepare([cell])
    old, new = under_test.old, under_test.new
    machine_type = resolve(family, "newest-old", probed(old, order.arch), probed(new, order.arch))
    plan = negotiated("precopy", old, new, order.arch)
    return Setting(cell.guest(machine_type), old, new, "qmp", plan, under_test.host(order.arch, evidence))
