# SPDX-License-Identifier: Apache-2.0
"""The swtpm beside a QEMU: started, connected, ended, and missed; with a script in its place."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import RigError
from fixtures.hosts.interface import Process
from fixtures.hosts.local import LOCAL
from fixtures.machine.swtpm import TpmPlace, lacking, swtpm_for
from fixtures.matrix.tpms import SWTPM, SWTPM_SETUP, TpmOptions
from suites.harness.support.fake_qemu import PYTHON, PYTHON_HOME

BUILD = Build("new", Sandbox(Path("/"), shown=(PYTHON_HOME,)), {})
CRB = TpmOptions("tpm-crb")
ECHO = "import os, sys; n = int(sys.argv[1]); os.write(n, os.read(n, 9)[::-1]); os.read(n, 9); print('ends')"
"""Ends when QEMU's end of the connection is closed."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TpmPlace]:
    """Where a machine's TPM is, whose swtpm is a script."""
    monkeypatch.setattr(
        "fixtures.machine.swtpm.swtpm_arguments",
        lambda state, fd: [str(PYTHON), "-I", "-c", ECHO, str(fd), str(state)],
    )
    with LOCAL.attempt_dir() as made:
        yield TpmPlace(made, tmp_path, "source", "source")
        LOCAL.assert_nothing_runs_in(made)


def test_qemu_talks_to_its_swtpm(place: TpmPlace) -> None:
    """Lose this and no guest with a TPM starts."""
    with swtpm_for(CRB, BUILD, LOCAL, place) as swtpm:
        assert swtpm is not None
        process = swtpm.process
        with socket.socket(fileno=socket.dup(swtpm.connection.number)) as qemu:
            qemu.sendall(b"abc")
            assert qemu.recv(9) == b"cba"
        assert process.ended is None
    assert process.wait(20) == 0
    assert (place.evidence / "source-swtpm.txt").read_text() == "ends\n"
    assert CRB.state(place.attempt_dir, "source").is_dir()
    process.kill()


def test_swtpm_of_a_machine_that_does_not_start_is_ended(place: TpmPlace) -> None:
    """Lose this and each QEMU that does not start leaves a process behind."""
    started: list[Process] = []

    def fail() -> None:
        with swtpm_for(CRB, BUILD, LOCAL, place) as swtpm:
            assert swtpm is not None
            started.append(swtpm.process)
            raise RigError("no QEMU")

    with pytest.raises(RigError, match="no QEMU"):
        fail()
    assert started[0].ended is not None


def test_guest_without_a_tpm_has_no_swtpm(place: TpmPlace) -> None:
    """Lose this and each guest costs another process."""
    with swtpm_for(None, BUILD, LOCAL, place) as swtpm:
        assert swtpm is None


def test_build_says_which_program_it_lacks_for_tpms(tmp_path: Path) -> None:
    """Lose this and a build without swtpm, such as debian-11, counts as broken."""
    build = Build("new", Sandbox(tmp_path), {})
    (tmp_path / "usr/bin").mkdir(parents=True)
    assert lacking(build, by_libvirt=False).startswith("build new has no /usr/bin/swtpm (package swtpm), ")
    (tmp_path / SWTPM.removeprefix("/")).touch()
    assert not lacking(build, by_libvirt=False)
    said = lacking(build, by_libvirt=True)
    assert said.startswith("build new has no /usr/bin/swtpm_setup (package swtpm-tools), ")
    (tmp_path / SWTPM_SETUP.removeprefix("/")).touch()
    assert not lacking(build, by_libvirt=True)
