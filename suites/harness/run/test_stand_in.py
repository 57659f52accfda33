# SPDX-License-Identifier: Apache-2.0
"""The stand-in for QEMU that puts defects into a build, tested here with a small script as QEMU."""

import json
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from fixtures.builds.build import USUAL_PROGRAMS, inside
from fixtures.matrix.tpms import SWTPM
from suites.harness.support.wrong_builds import Rule, Verb, Wrong, does, make_wrong

PROGRAM = USUAL_PROGRAMS["x86_64"]
PRINTS_ITS_ARGUMENTS = '#!/bin/sh\necho "$@"\nexit 3\n'

Start = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts the program of a root with these defects, which prints its arguments and exits with status 3."""
    program = inside(tmp_path / "right", PROGRAM)
    program.parent.mkdir(parents=True)
    program.write_text(PRINTS_ITS_ARGUMENTS)
    program.chmod(0o755)

    def started(wrong: Wrong, *arguments: str, fds: tuple[int, ...] = ()) -> subprocess.CompletedProcess[str]:
        root = make_wrong(tmp_path / "right", wrong, tmp_path / "wrong")
        command = [str(inside(root, PROGRAM)), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, pass_fds=fds)

    return started


def test_stand_in_without_rules_changes_nothing(start: Start) -> None:
    """Lose this and the stand-in itself causes failures, which a run blames on the build."""
    ended = start(Wrong(), "-device", "e1000")
    assert (ended.returncode, ended.stdout) == (3, "-device e1000\n")


def test_rule_applies_only_if_an_argument_contains_its_text(start: Start) -> None:
    """Lose this and a defect of the destination is in the source too, and is blamed on another role."""
    rules = does("append-argument", "added", when="-incoming") + does("replace-in-argument", "e1000", "e100")
    assert start(rules, "-device", "e1000").stdout == "-device e100\n"


def test_unknown_verb_fails(start: Start) -> None:
    """Lose this and a misspelt verb makes a build without the defect, which no check can find."""
    ended = start(Wrong((Rule("replace", "e1000", "e100"),)))  # type: ignore[arg-type]
    assert (ended.returncode, "the stand-in for QEMU failed: replace" in ended.stderr) == (99, True)


@pytest.mark.parametrize("verb", get_args(Verb))
def test_each_verb_is_known(verb: Verb, start: Start) -> None:
    """Lose this and a verb that a seeded defect may use is not one of the stand-in's."""
    assert start(does(verb, "no such text")).returncode == 3


def test_refusal_answers_a_command_with_a_device_that_has_an_id(start: Start) -> None:
    """Lose this and a refused `device_add` is never answered, so another check than its own finds it."""
    command = {"execute": "device_add", "arguments": {"id": "plugged"}, "id": "the command"}
    rig, monitor = socket.socketpair()
    with rig, monitor:
        rig.settimeout(10)
        rig.sendall(json.dumps(command).encode() + b"\n")
        fd = monitor.fileno()
        start(does("refuse-command", "device_add", "no"), f"socket,id=monitor,fd={fd}", fds=(fd,))
        assert json.loads(rig.recv(1000))["id"] == "the command"


REWORDED = ("usr/lib/*.so.0.*", b"check", b"other")


def test_word_of_a_library_is_another_in_the_wrong_build_only(tmp_path: Path) -> None:
    """Lose this and a defect of libvirt is in the correct build too, and is found in no pair."""
    library = tmp_path / "right" / "usr" / "lib" / "libx.so.0.1"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"to check")
    root = make_wrong(tmp_path / "right", Wrong(reworded=(REWORDED,)), tmp_path / "wrong")
    assert (root / "usr" / "lib" / "libx.so.0.1").read_bytes() == b"to other"
    assert library.read_bytes() == b"to check"


def test_forgetful_swtpm_starts_without_its_files(tmp_path: Path) -> None:
    """Lose this and the seed of lost files loses none, or those of the correct build."""
    swtpm, state = inside(tmp_path / "right", SWTPM), tmp_path / "tpm2-00.permall"
    swtpm.parent.mkdir(parents=True)
    swtpm.write_text(PRINTS_ITS_ARGUMENTS)
    swtpm.chmod(0o755)
    state.touch()
    arguments = ["socket", "--tpmstate", f"dir={tmp_path},mode=0600"]
    root = make_wrong(tmp_path / "right", Wrong(loses_tpm_files=True), tmp_path / "wrong")
    for program, lost in ((swtpm, False), (inside(root, SWTPM), True)):
        command = [str(program), *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (ended.returncode, ended.stdout) == (3, f"{' '.join(arguments)}\n")
        assert state.exists() is not lost


@pytest.mark.parametrize("content", [b"nothing", b"check, check"])
def test_word_that_is_not_there_once_makes_no_wrong_build(tmp_path: Path, content: bytes) -> None:
    """Lose this and the next libvirt has another word, so that a build without the defect is qualified."""
    library = tmp_path / "right" / "usr" / "lib" / "libx.so.0.1"
    library.parent.mkdir(parents=True)
    library.write_bytes(content)
    with pytest.raises(ValueError, match="cannot be replaced"):
        make_wrong(tmp_path / "right", Wrong(reworded=(REWORDED,)), tmp_path / "wrong")
