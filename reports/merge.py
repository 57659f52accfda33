# SPDX-License-Identifier: Apache-2.0
"""One run from the shards of several hosts: which belong together, what is missing, and their evidence."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from fixtures.errors import UsageError
from fixtures.matrix.schema import KnownIssue
from fixtures.matrix.shards import parse_shard
from fixtures.matrix.support import Support
from fixtures.outcome.journal import PLAN, TESTS, Ended, RunPlan, read_ended, read_plan, unfinished
from fixtures.outcome.outcome import BuildInfo, CellResult, RunRecord, RunResult
from fixtures.outcome.results import run_result
from fixtures.printable import count

Pairing = tuple[str, str]


@dataclass(frozen=True)
class Part:
    """The part of a run that one host ran."""

    directory: Path
    plan: RunPlan
    ended: tuple[Ended, ...]

    @property
    def name(self) -> str:
        """Its name in messages."""
        pair = f"{self.plan.old.name} → {self.plan.new.name}"
        return f"shard {self.plan.shard} of {pair}" if self.plan.shard else pair

    @property
    def folder(self) -> str:
        """The folder of its evidence in the merged report."""
        return f"shard-{self.plan.shard.replace('/', 'of')}" if self.plan.shard else "whole"


def parts_in(directories: Iterable[Path]) -> list[Part]:
    """The runs in or below these directories. Raises :class:`UsageError` for a directory without one."""
    found: dict[Path, Part] = {}
    for directory in directories:
        plans = sorted(directory.rglob(PLAN))
        if not plans:
            raise UsageError(
                _without_plan(directory),
                where=str(directory),
                fix=f"give directories of runs, such as those in reports/runs that have a {PLAN}",
            )
        for plan in plans:
            run = plan.parent.resolve()
            found[run] = Part(run, read_plan(run), tuple(read_ended(run)))
    return list(found.values())


def _without_plan(directory: Path) -> str:
    """Why there is no run in this directory."""
    if not directory.is_dir():
        return "there is no such directory"
    if (directory / TESTS).is_file():
        return f"the plan of this run ({PLAN}) is missing"
    if (directory / "verdict.json").is_file():
        return "a report that was made from other runs, and no run wrote here"
    return "no run wrote here"


def by_pair(parts: Iterable[Part]) -> dict[Pairing, list[Part]]:
    """The parts of each pair, in order of shards.

    Raises :class:`UsageError` unless they are parts of one run, with equal matrix, suite, selection and
    builds.
    """
    groups: dict[Pairing, list[Part]] = defaultdict(list)
    for part in parts:
        groups[part.plan.old.name, part.plan.new.name].append(part)
    everything = [part for group in groups.values() for part in group]
    _demand_one_matrix(everything)
    _demand_one_build_of_each_name(everything)
    for group in groups.values():
        _demand_one_selection(group)
        group.sort(key=lambda part: (_number(part), str(part.directory)))
    return dict(groups)


def _number(part: Part) -> int:
    return parse_shard(part.plan.shard).number if part.plan.shard else 0


def _demand_one_matrix(parts: Sequence[Part]) -> None:
    _demand_equal(parts, "another matrix.yaml", lambda part: part.plan.matrix)
    _demand_equal(parts, "another version of the suite", lambda part: part.plan.suite)


def _demand_one_selection(parts: Sequence[Part]) -> None:
    first = parts[0].plan
    for part in parts[1:]:
        differing = dict(part.plan.selection.items() - first.selection.items())
        if differing:
            _refuse(part, parts[0], f"other tests were selected ({', '.join(sorted(differing))})")
    _demand_equal(parts, "another number of shards", lambda part: part.plan.shard.partition("/")[2])


def _demand_one_build_of_each_name(parts: Sequence[Part]) -> None:
    first: dict[str, tuple[Part, BuildInfo]] = {}
    for part in parts:
        for info in (part.plan.old, part.plan.new):
            other, then = first.setdefault(info.name, (part, info))
            if info.identity != then.identity:
                _refuse(part, other, f"build {info.name} is different ({info.package or info.qemu})")


def _demand_equal(parts: Sequence[Part], what: str, value: Callable[[Part], str]) -> None:
    for part in parts[1:]:
        if value(part) != value(parts[0]):
            _refuse(part, parts[0], what)


def _refuse(part: Part, other: Part, what: str) -> NoReturn:
    raise UsageError(
        f"{what} than in {other.directory}", where=str(part.directory), fix="merge only parts of one run"
    )


def shortcomings(parts: Sequence[Part]) -> list[str]:
    """A line for each shard that is missing or was interrupted, because its tests have no results."""
    lines = []
    total = parts[0].plan.shard.partition("/")[2]
    present = {part.plan.shard for part in parts}
    wanted = [f"{number}/{total}" for number in range(1, int(total) + 1)] if total else []
    lines += [f"shard {shard} is missing" for shard in wanted if shard not in present]
    ended = [test for part in parts for test in part.ended]
    for part in parts:
        missing = len(unfinished(part.plan, ended))
        if missing:
            share = f"{missing} of {count(len(part.plan.tests), 'test')} did not run"
            lines.append(f"{part.name} was interrupted: {share} ({part.directory.name})")
    return lines


def merged(
    parts: Sequence[Part],
    known_issues: Iterable[KnownIssue],
    directory: Path,
    support: Support | None = None,
) -> RunResult:
    """The parts of one pair as one run, their evidence and Allure's results in `directory`."""
    ended = []
    folders = _folders(parts)
    for part, folder in zip(parts, folders, strict=True):
        _copy(part.directory, directory, folder)
        ended += [replace(test, cells=_moved(test.cells, folder)) for test in part.ended]
    plans = [part.plan for part in parts]
    tests = dict.fromkeys(test for plan in plans for test in plan.tests)
    plan = replace(
        plans[0],
        shard="",
        tests=tuple(tests),
        started=min(plan.started for plan in plans),
        host=_hosts(plans),
        old=_with_all_notes([plan.old for plan in plans]),
        new=_with_all_notes([plan.new for plan in plans]),
    )
    seconds = max((test.at for test in ended), default=0.0)
    return run_result(
        plan,
        ended,
        known_issues,
        seconds=seconds,
        support=support,
        notes=shortcomings(parts),
    )


def _folders(parts: Sequence[Part]) -> list[str]:
    """The folder of each part's evidence in the merged report."""
    folders: list[str] = []
    for part in parts:
        again = sum(folder.partition("-again")[0] == part.folder for folder in folders)
        folders.append(part.folder + (f"-again{again}" if again else ""))
    return folders


def _copy(source: Path, directory: Path, folder: str) -> None:
    """Copy a part's evidence into its own folder. Allure's results have unique names and share a folder."""
    evidence, allure = source / "evidence", source / "allure-results"
    if evidence.is_dir():
        shutil.copytree(evidence, directory / folder / "evidence")
    if allure.is_dir():
        shutil.copytree(allure, directory / "allure-results", dirs_exist_ok=True)


def _moved(cells: Iterable[CellResult], folder: str) -> tuple[CellResult, ...]:
    """The cells, with the new paths of their copied evidence."""
    return tuple(
        replace(
            cell,
            evidence=[f"{folder}/{file}" for file in cell.evidence],
            runs=[_moved_run(run, folder) for run in cell.runs],
        )
        for cell in cells
    )


def _moved_run(run: RunRecord, folder: str) -> RunRecord:
    return replace(run, evidence=[f"{folder}/{file}" for file in run.evidence])


def _with_all_notes(infos: Sequence[BuildInfo]) -> BuildInfo:
    """One build with the notes, accelerators and packages of all hosts."""
    packages = dict.fromkeys(each for info in infos if info.package for each in info.package.split(", "))
    notes = tuple(dict.fromkeys(note for info in infos for note in info.notes))
    accelerators: dict[str, str] = {}
    for info in infos:
        for arch, accelerator in info.accelerators.items():
            seen = accelerators.setdefault(arch, accelerator)
            if accelerator not in seen.split(" or "):
                accelerators[arch] = f"{seen} or {accelerator}"
    qemu = next((info.qemu for info in infos if info.qemu), None)
    package = ", ".join(packages) or None
    return replace(infos[0], notes=notes, accelerators=accelerators, qemu=qemu, package=package)


def _hosts(plans: Sequence[RunPlan]) -> dict[str, str]:
    """The facts about all hosts."""
    names = dict.fromkeys(name for plan in plans for name in plan.host)
    return {
        name: " | ".join(dict.fromkeys(plan.host[name] for plan in plans if name in plan.host))
        for name in names
    }
