# SPDX-License-Identifier: Apache-2.0
"""Builds that are wrong on purpose: a real build's root in which another program stands in for QEMU.

The program (wrong/main.c) starts the real QEMU and does wrong what its orders say, see wrong/orders.c. The
root is made of hard links, so it takes a moment and no space; a file that differs replaces its link, and
the real build is never written to.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

from fixtures.builds.build import USUAL_PROGRAMS, inside
from images.initramfs import TOOLCHAINS
from suites.harness.support.wrong_sections import with_newer_section

SOURCES = Path(__file__).parent / "wrong"
COMPILER = TOOLCHAINS["x86_64"].compiler
"""The host's own, which the guest agent is compiled with too."""
COMPILE_SECONDS = 60
LINK_SECONDS = 60
NO_MORE = "no-more"


@dataclass(frozen=True)
class Order:
    """One thing that a wrong QEMU does, in the words of wrong/orders.c."""

    verb: str
    first: str = ""
    second: str = ""
    when: str = ""
    """It counts only if an argument of QEMU's holds this text."""

    def __str__(self) -> str:
        return f"{self.when}\t{self.verb}\t{self.first}\t{self.second}"


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a build."""

    orders: tuple[Order, ...] = ()
    doubled: tuple[str, ...] = ()
    """Files, as paths inside its root, that are twice as large as they were."""
    newer_sections: tuple[str, ...] = ()
    """Sections of devices of which its QEMU knows only a version that is newer by one."""

    def __add__(self, other: Wrong) -> Wrong:
        return Wrong(
            self.orders + other.orders,
            self.doubled + other.doubled,
            self.newer_sections + other.newer_sections,
        )


RECEIVES = "-incoming"
"""As `when`: a QEMU that waits for a guest."""
GUEST_RUNS = '"event": "RESUME"'
"""What a destination says when it lets the guest go on."""


def does(verb: str, first: str = "", second: str = "", *, when: str = "") -> Wrong:
    """QEMU follows one order."""
    return Wrong((Order(verb, first, second, when),))


def lacks(name: str) -> Wrong:
    """QEMU has no such machine type, device, CPU model or capability any more: it bears another name."""
    gone = f"{name}-{NO_MORE}"
    heard = [does(verb, *pair) for verb in ("argument", "hears") for pair in ((name, gone), (gone, name))]
    return reduce(add, heard, does("says", name, gone))


def takes_for(name: str, other: str) -> Wrong:
    """QEMU makes `other` of what is asked for as `name`."""
    return does("argument", name, other) + does("hears", name, other)


def sets(device: str, name: str, value: str) -> Wrong:
    """Every device of that type has another value in this property, unless it was given one."""
    return does("append", "-global") + does("append", f"{device}.{name}={value}")


def make_wrong(right: Path, wrong: Wrong, into: Path) -> Path:
    """Make `into` a root like `right`, with that wrong with it; return it."""
    subprocess.run(["cp", "-al", str(right), str(into)], check=True, timeout=LINK_SECONDS)
    _compile(into / "wrong-qemu")
    for program in USUAL_PROGRAMS.values():
        qemu = inside(into, program)
        if qemu.is_file():
            _stand_in(qemu, into / "wrong-qemu", wrong)
    for path in wrong.doubled:
        file = inside(into, path)
        _replace(file, file.read_bytes() * 2)
    return into


def _stand_in(qemu: Path, program: Path, wrong: Wrong) -> None:
    real = qemu.rename(qemu.with_name(f"{qemu.name}.right"))
    qemu.hardlink_to(program)
    qemu.with_name(f"{qemu.name}.orders").write_text("".join(f"{order}\n" for order in wrong.orders))
    content = real.read_bytes() if wrong.newer_sections else b""
    for section in wrong.newer_sections:
        content = with_newer_section(content, section)
    if content:
        _replace(real, content)


def _compile(program: Path) -> None:
    command = [COMPILER, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-s"]
    command += ["-o", str(program), *(str(source) for source in sorted(SOURCES.glob("*.c")))]
    subprocess.run(command, check=True, timeout=COMPILE_SECONDS)


def _replace(file: Path, content: bytes) -> None:
    """Make another file of it: the one that is linked here is the real build's."""
    mode = file.stat().st_mode
    file.unlink()
    file.write_bytes(content)
    file.chmod(mode)


def matrix_with(matrix: Path, roots: Mapping[str, Path], into: Path) -> Path:
    """A copy of the file `matrix` that names these roots as builds too."""
    added = "".join(f"  {name}:\n    kind: root\n    path: {root}\n" for name, root in roots.items())
    before, builds, after = matrix.read_text().partition("\nbuilds:\n")
    assert builds, f"{matrix} has no line `builds:`"
    into.write_text(f"{before}{builds}{added}{after}")
    return into
