# SPDX-License-Identifier: Apache-2.0
"""A round inside an emulated host: what is asked of it, and what is taken over from it.

The host is scripted here. Real ones are in test_wrong_packages.py and suites/update.
"""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from fixtures.errors import RigError, Unsupported
from fixtures.evidence.beats import RESET_ITSELF
from fixtures.hosts.emulated.capabilities import EVERY, NUMBERS, mask
from fixtures.hosts.emulated.connection import HostLost
from fixtures.outcome.outcome import Outcome, RunRecord
from fixtures.update import emulated, inside
from fixtures.update.cells import excuse_of
from fixtures.update.emulated import MEMORY_MIB, VCPUS, made_inside
from fixtures.update.request import REQUEST, Request
from fixtures.update.round import Round
from suites.harness.support.scripted_rounds import (
    ALL_OF_BARE,
    PASSED,
    PLACE,
    STRETCH,
    LostHost,
    ScriptedHost,
    answered,
    packed,
    round_of_bare,
)


@pytest.fixture(autouse=True)
def has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine is."""
    monkeypatch.setattr(emulated, "own_arch", lambda: "x86_64")
    monkeypatch.setattr(emulated, "longest_silence", lambda _stretch: 0.0)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1 << 40))


def made_by(
    tmp_path: Path, status: int | None = 0, answer: bytes = ALL_OF_BARE, evidence: bytes = packed()
) -> tuple[Round, ScriptedHost]:
    """The round after such a host has made it."""
    made, host = round_of_bare(tmp_path / "evidence"), ScriptedHost(status, answer, evidence)
    boots: Any = lambda *_all: host  # noqa: E731 - untyped, as the host is scripted
    try:
        made_inside(made, boots)
    finally:
        assert host.closed
    return made, host


def test_round_inside_is_taken_over(tmp_path: Path) -> None:
    """Lose this and what was found under KVM gets lost on its way to the report."""
    made, host = made_by(tmp_path, evidence=packed(**{"round.txt": "all well", "bare/agent.txt": "4 ok"}))
    assert made.records == {("bare", "update"): PASSED, ("bare", "adopted"): PASSED}
    assert made.seconds == 300.5
    assert (made.evidence / "round.txt").read_text() == "all well"
    assert (made.evidence / "bare/agent.txt").read_text() == "4 ok"
    assert host.killed
    (program,) = host.started
    assert mask(program.capabilities) & mask(NUMBERS) == mask(NUMBERS)
    assert mask([EVERY]).bit_length() == 64


def test_round_inside_is_asked_for_as_it_is(tmp_path: Path) -> None:
    """Lose this and another round than the one of the cell may be made there."""
    made, host = made_by(tmp_path)
    asked = pickle.loads(host.files[PLACE / REQUEST])  # noqa: S301 - the suite's own
    assert isinstance(asked, Request)
    assert (asked.guests, asked.machine_type, asked.systems) == (made.guests, "pc-q35-7.2", made.systems)
    assert (asked.old.name, asked.matrix.pairs, asked.accelerator) == ("a", made.matrix.pairs, "tcg")


def test_bounds_there_are_longer_on_an_overloaded_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a busy machine makes a verdict wrong, because the host does not see its load."""
    monkeypatch.setattr(emulated, "overload", lambda: 3.0)
    _, host = made_by(tmp_path)
    assert pickle.loads(host.files[PLACE / REQUEST]).stretch == 3 * STRETCH  # noqa: S301 - the suite's own


def test_suite_below_tmp_is_seen_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a checkout below /tmp, which is another directory there, cannot make such a round."""
    monkeypatch.setattr(emulated, "ROOT", Path("/tmp/checkout"))
    monkeypatch.setattr(emulated, "cache_root", lambda: Path("/var/cache/hotpatch"))
    _, host = made_by(tmp_path)
    assert host.started[0].state["/tmp/checkout"] == Path("/roots/share0/tmp/checkout")
    assert "/var/cache/hotpatch" not in host.started[0].state


def test_directory_behind_a_link_is_seen_there_under_both_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and such a round fails without a word that a user could act on."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setattr(emulated, "OTHER_THERE", (str(tmp_path),))
    monkeypatch.setattr(emulated, "cache_root", lambda: tmp_path / "link")
    _, host = made_by(tmp_path)
    assert {str(tmp_path / "link"), str(tmp_path / "real")} <= set(host.started[0].state)


def test_link_to_another_place_inside_the_suite_is_no_place_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a checkout whose .venv is a link cannot make such a round."""
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout/.venv").symlink_to("/usr")
    monkeypatch.setattr(emulated, "OTHER_THERE", (str(tmp_path),))
    monkeypatch.setattr(emulated, "ROOT", tmp_path / "checkout")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "checkout/.venv"))
    _, host = made_by(tmp_path)
    assert [path for path in host.started[0].state if ".venv" in path] == []


@pytest.mark.parametrize("status, said", [(1, "ended: exit status 1"), (None, "said nothing for")])
def test_round_without_an_answer_is_an_error_of_the_rig(
    status: int | None, said: str, tmp_path: Path
) -> None:
    """Lose this and a round that hangs or fails there counts as one that was made."""
    with pytest.raises(RigError, match=rf"{said}.*see host-1/inside\.txt"):
        made_by(tmp_path, status, b"")


def test_steps_of_a_round_that_hangs_later_count(tmp_path: Path) -> None:
    """Lose this and an hour of results is lost because of the step after them."""
    made, _ = made_by(tmp_path, None, answered(("bare", "update", PASSED), ended="error"), b"")
    assert made.records["bare", "update"] == PASSED
    left = made.records["bare", "adopted"]
    assert left.result == "error"
    assert left.reason.startswith("the round inside the emulated host said nothing for ")


def test_round_is_waited_for_while_it_says_something(tmp_path: Path) -> None:
    """Lose this and a busy machine ends a round that goes well."""
    output = tmp_path / "inside.txt"
    said = iter(["one step\n", "one step\nand one more\n"])

    def wait(_seconds: float) -> int | None:
        line = next(said, None)
        if line is None:
            return 0
        output.write_text(line)
        return None

    process: Any = SimpleNamespace(wait=wait, end=lambda: "exit status 0")
    assert emulated._waited_for(process, output, most=0) == "ended: exit status 0"


@pytest.mark.parametrize(
    "answer",
    [
        b"{",
        b"[]",
        b'{"seconds": 1, "ended": "", "why": "", "records": [["bare"]]}',
        ALL_OF_BARE.replace(b"reason", b"nosuch"),
    ],
    ids=["cut", "list", "short", "field"],
)
def test_damaged_answer_is_an_error_of_the_rig(answer: bytes, tmp_path: Path) -> None:
    """Lose this and half an answer may pass for a round."""
    with pytest.raises(RigError, match="is damaged: "):
        made_by(tmp_path, 0, answer)


@pytest.mark.parametrize("archive", [b"", b"x" * 1024, packed(**{"../outside.txt": "", "/abs.txt": ""})])
def test_evidence_is_written_nowhere_else_and_decides_nothing(archive: bytes, tmp_path: Path) -> None:
    """Lose this and an archive from there writes where it wants, or costs the results."""
    made, _ = made_by(tmp_path, evidence=archive)
    assert made.records[("bare", "adopted")] == PASSED
    assert [file for file in (tmp_path / "outside.txt", Path("/abs.txt")) if file.exists()] == []


def test_too_much_evidence_is_left_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a host that writes without end fills this machine's memory."""
    monkeypatch.setattr(emulated, "MOST_EVIDENCE", 5000)
    made, _ = made_by(tmp_path, evidence=packed(**{"round.txt": "x" * 6000}))
    assert made.records[("bare", "update")] == PASSED
    assert not (made.evidence / "round.txt").exists()
    assert (made.evidence / "evidence-is-incomplete.txt").exists()


def test_host_without_memory_is_an_error_and_no_verdict(tmp_path: Path) -> None:
    """Lose this and the inner kernel that kills a QEMU is blamed on the update."""
    made, host = round_of_bare(tmp_path), ScriptedHost(0, ALL_OF_BARE, packed())
    host.out_of_memory = True
    boots: Any = lambda *_all: host  # noqa: E731 - untyped, as the host is scripted
    with pytest.raises(RigError, match="ran out of memory"):
        made_inside(made, boots)
    assert made.records == {}


def test_round_on_a_lost_host_is_made_once_more(tmp_path: Path) -> None:
    """Lose this and the fault of an emulator is an error of an update."""
    made = round_of_bare(tmp_path / "evidence")
    hosts = [LostHost(0, b"", b""), ScriptedHost(0, ALL_OF_BARE, packed()), LostHost(0, b"", b"")]
    booted: list[tuple[Any, ...]] = []

    def boots(*asked: Any) -> Any:
        booted.append(asked)
        return hosts[len(booted) - 1]

    made_inside(made, boots)
    assert made.records[("bare", "adopted")] == PASSED
    assert booted == [(made.evidence / f"host-{number}", MEMORY_MIB, VCPUS) for number in (1, 2)]
    assert "host-1 was lost" in (made.evidence / "lost-hosts.txt").read_text()
    assert [host.closed for host in hosts] == [True, True, False]
    hosts[1] = LostHost(0, b"", b"")
    booted.clear()
    with pytest.raises(RigError, match=r"host-2 was lost.*it has ended"):
        made_inside(round_of_bare(tmp_path / "other"), boots)


def test_host_that_does_not_boot_is_not_tried_again_here(tmp_path: Path) -> None:
    """Lose this and a host that never boots, which was tried twice already, costs as much again."""
    tries: list[Path] = []

    def boots(kept: Path, *_more: Any) -> Any:
        tries.append(kept)
        raise HostLost("it did not boot")

    with pytest.raises(HostLost, match="it did not boot"):
        made_inside(round_of_bare(tmp_path), boots)
    assert len(tries) == 1


def test_missing_step_is_an_error(tmp_path: Path) -> None:
    """Lose this and an answer without a step ends the whole sweep."""
    made, _ = made_by(tmp_path, answer=answered(("bare", "update", PASSED)))
    assert made.records[("bare", "adopted")].result == "error"


@pytest.mark.parametrize("ended, result", [("unsupported", "unsupported"), ("error", "error")])
def test_steps_that_were_not_made_say_why(ended: str, result: str, tmp_path: Path) -> None:
    """Lose this and a host that cannot be booted there looks like no result at all."""
    made, _ = made_by(tmp_path, answer=answered(("bare", "update", PASSED), ended=ended, why="no tun"))
    found = made.records
    assert found[("bare", "update")] == PASSED
    assert (found[("bare", "adopted")].result, found[("bare", "adopted")].reason) == (result, "no tun")


@pytest.mark.parametrize(
    "lacks, said",
    [
        ((psutil, "virtual_memory", SimpleNamespace(available=1 << 30)), "1024 MiB are free"),
        ((os, "geteuid", 1000), "only root"),
        ((emulated, "own_arch", "ppc64le"), "no x86_64"),
    ],
    ids=["memory", "root", "architecture"],
)
def test_machine_that_cannot_have_one_says_so(
    lacks: tuple[Any, str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and the kernel kills something else when memory runs out."""
    module, name, value = lacks
    monkeypatch.setattr(module, name, lambda: value)
    with pytest.raises(Unsupported, match=said):
        made_inside(round_of_bare(tmp_path), lambda *_all: pytest.fail("it was booted"))


@pytest.mark.parametrize("place, excused", [("emulated", True), ("tcg", False), ("kvm", False)])
def test_emulator_is_suspected_only_where_there_is_one(place: Any, excused: bool) -> None:
    """Lose this and a guest that the emulator took is a regression, or it is suspected everywhere."""
    silent = RunRecord("old", "new", "fail", f"alive: the guest has {RESET_ITSELF}", "alive: reset")
    runs = [silent, *(RunRecord(name, name, "pass") for name in ("old", "new"))]
    assert bool(excuse_of(place, Outcome.FLAKY, runs)) is excused


@pytest.mark.parametrize("arguments", [[], ["--help"], ["/tmp"], ["/tmp", "/tmp"]])
def test_program_of_the_suite_refuses_to_be_started_by_hand(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and a user who tries it loses /dev and /tmp of the machine."""
    monkeypatch.setattr(inside, "prepare", lambda: pytest.fail("it mounts"))
    assert inside.main(arguments) == 2
    assert "what to do: pytest suites/update" in capsys.readouterr().err
