# SPDX-License-Identifier: Apache-2.0
"""A scripted emulated host in which a round of an update has been made, and what such a round leaves."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fixtures.builds.build import Build
from fixtures.builds.debian_system import DebianSystem
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import RigError
from fixtures.hosts.emulated.connection import HostLost
from fixtures.hosts.interface import Program
from fixtures.matrix.schema import load_matrix
from fixtures.outcome.outcome import RunRecord
from fixtures.places import ROOT
from fixtures.update.guests import guests_of
from fixtures.update.request import ANSWER, EVIDENCE
from fixtures.update.round import Round

PLACE = Path("/tmp/hp-scripted")
STRETCH = 7.0


def packed(**files: str) -> bytes:
    """A tar archive of these files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content.encode()))
    return written.getvalue()


def answered(*records: tuple[str, str, RunRecord], ended: str = "", why: str = "") -> bytes:
    """What a round inside says."""
    listed = [[guest, step, asdict(record)] for guest, step, record in records]
    return json.dumps({"records": listed, "seconds": 300.5, "ended": ended, "why": why}).encode()


PASSED = RunRecord("a", "a", "pass", blackout_ms=12.5)
ALL_OF_BARE = answered(*[("bare", step, PASSED) for step in ("update", "adopted")])


class ScriptedHost:
    """An emulated host in which the round has left these files."""

    stretch = STRETCH

    def __init__(self, status: int | None, answer: bytes, evidence: bytes) -> None:
        self.files = {PLACE / ANSWER: answer, PLACE / EVIDENCE: evidence}
        self.status, self.closed, self.killed = status, False, False
        self.out_of_memory = False
        self.connection = SimpleNamespace(check=lambda: None)
        self.started: list[Program] = []

    @contextmanager
    def attempt_dir(self) -> Iterator[Path]:
        """Always the same."""
        yield PLACE

    def seen(self, path: Path) -> Path:
        """As if it saw all files in one share."""
        return Path("/roots/share0") / path.relative_to("/")

    def write_file(self, path: Path, content: bytes) -> None:
        """Keeps it."""
        self.files[path] = content

    def file_size(self, path: Path) -> int:
        """Of what was kept or left."""
        return len(self.files.get(path, b""))

    def read_file(self, path: Path, most: int, offset: int = 0) -> bytes:
        """The same."""
        return self.files[path][offset : offset + most]

    def start(self, program: Program) -> Any:
        """Nothing runs; it ends as it was made to."""
        self.started.append(program)
        return SimpleNamespace(
            wait=lambda _seconds: self.status, end=lambda: f"exit status {self.status}", kill=self.kill
        )

    def kill(self) -> None:
        """End the program."""
        self.killed = True

    def check(self) -> None:
        """Has it had memory for all?"""
        if self.out_of_memory:
            raise RigError("the emulated host ran out of memory")

    def close(self) -> None:
        """Keeps that it was called."""
        self.closed = True


class LostHost(ScriptedHost):
    """An emulated host that ends in the round."""

    def start(self, program: Program) -> Any:  # noqa: ARG002 - it starts nothing
        """It is lost."""
        self.connection.check = self.is_lost
        self.is_lost()

    def is_lost(self) -> None:
        """As a connection says it."""
        raise HostLost("it has ended")


def round_of_bare(evidence: Path) -> Round:
    """A round of one guest, with two steps."""
    matrix = load_matrix(ROOT / "matrix.yaml")
    (bare,) = (guest.up_to("adopted") for guest in guests_of(matrix) if guest.name == "bare")
    build = Build("a", Sandbox(Path("/a")), {})
    system = DebianSystem("a", Path("/a"), Path("/a/debs"), {}, (), ())
    return Round(matrix, build, build, (system, system), "pc-q35-7.2", Path("/images/x"), evidence, [bare])
