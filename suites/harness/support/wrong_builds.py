# SPDX-License-Identifier: Apache-2.0
"""Builds with defects on purpose: the root of a real build, with a stand-in in place of QEMU.

The stand-in (wrong/main.c) starts the real QEMU and changes what its rules say, see wrong/rules.c. The root
consists of hard links, so it is made quickly and takes no space. A changed file replaces its link, so the
real build is never written to.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, reduce
from operator import add
from pathlib import Path
from typing import Literal

from fixtures.builds.build import USUAL_PROGRAMS, inside
from fixtures.matrix.names import Arch
from fixtures.matrix.own_arch import toolchain
from fixtures.matrix.tpms import SWTPM
from fixtures.temporary import temporary_directory
from suites.harness.support.wrong_sections import with_newer_section

SOURCES = Path(__file__).parent / "wrong"
STAND_IN = "wrong-qemu"
CLOCK = "clock.so"
"""Library of wrong/preloaded that makes the clock of a QEMU jump when the stand-in asks for it."""
DISK = "disk.so"
"""Another, which does something wrong with the writes of a guest's disk."""
MEMORY = "memory.so"
"""Another, which keeps the memory that QEMU gives back to the host."""
TPM = "tpm.so"
"""Another, which does something wrong with what QEMU sends to the guest's TPM."""
TAP = "tap.so"
"""Another, which does something wrong with what a guest sends through its tap."""
PRELOADED = (CLOCK, DISK, MEMORY, TPM, TAP)
FORGETFUL = "swtpm"
"""Program of wrong/beside: an swtpm without the files of its TPM."""
COMPILE_SECONDS = 60
LINK_SECONDS = 60
NO_MORE = "no-more"


Verb = Literal[
    "replace-in-argument",
    "append-argument",
    "replace-in-output",
    "replace-in-command",
    "drop-message",
    "refuse-command",
    "on-command",
    "on-message",
    "exec-real",
    "preload",
]


@dataclass(frozen=True)
class Rule:
    """One thing that a stand-in changes, with a verb of wrong/rules.c and its operands."""

    verb: Verb
    first: str = ""
    second: str = ""
    when: str = ""
    """The rule applies only if an argument of QEMU contains this text."""

    def __str__(self) -> str:
        return f"{self.when}\t{self.verb}\t{self.first}\t{self.second}"


@dataclass(frozen=True)
class Wrong:
    """The defects of a build."""

    rules: tuple[Rule, ...] = ()
    doubled: tuple[str, ...] = ()
    """Files that become twice as large; paths inside the root."""
    ended_by: tuple[tuple[str, str], ...] = ()
    """Files that keep their size, and the file whose content they have at their end, behind nothing; both are
    paths inside the root."""
    missing: tuple[str, ...] = ()
    """Files and links that the build does not have; paths inside the root."""
    newer_sections: tuple[str, ...] = ()
    """Device sections that QEMU supports only in the next version."""
    reworded: tuple[tuple[str, bytes, bytes], ...] = ()
    """A pattern of files inside the root, a word in them, and another of the same length in its place."""
    loses_tpm_files: bool = False
    """Has swtpm lost the files of its TPM whenever it starts?"""

    def __add__(self, other: Wrong) -> Wrong:
        return Wrong(
            self.rules + other.rules,
            self.doubled + other.doubled,
            self.ended_by + other.ended_by,
            self.missing + other.missing,
            self.newer_sections + other.newer_sections,
            self.reworded + other.reworded,
            self.loses_tpm_files or other.loses_tpm_files,
        )


RECEIVES = "-incoming"
"""As `when`: only a destination."""
QEMU_DRIVER = "usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so"
"""libvirt's driver of QEMU, as a pattern inside the root."""
GUEST_RUNS = '"event": "RESUME"'
"""A destination sends this when it is about to resume the guest: QEMU starts its clocks just after it."""
SAYS_IT_RUNS = '"status": "running"'
"""In its answer to `query-status` from then on."""


def does(verb: Verb, first: str = "", second: str = "", *, when: str = "") -> Wrong:
    """One rule."""
    return Wrong((Rule(verb, first, second, when),))


def lacks(name: str) -> Wrong:
    """QEMU no longer has this machine type, device, CPU model or capability: it has another name."""
    gone = f"{name}-{NO_MORE}"
    swaps = ((name, gone), (gone, name))
    in_arguments = [does("replace-in-argument", *swap) for swap in swaps]
    in_commands = [does("replace-in-command", *swap) for swap in swaps]
    return reduce(add, in_arguments + in_commands, does("replace-in-output", name, gone))


def takes_for(name: str, other: str) -> Wrong:
    """QEMU creates `other` where `name` is requested."""
    return does("replace-in-argument", name, other) + does("replace-in-command", name, other)


def sets(device: str, name: str, value: str) -> Wrong:
    """This property of all devices of the type gets another default value."""
    return does("append-argument", "-global") + does("append-argument", f"{device}.{name}={value}")


def reworded(pattern: str, word: bytes, other: bytes) -> Wrong:
    """A file of libvirt has another word; see :attr:`Wrong.reworded`."""
    return Wrong(reworded=((pattern, word, other),))


def make_wrong(right: Path, wrong: Wrong, into: Path, arch: Arch = "x86_64") -> Path:
    """Make `into` a copy of the root `right`, whose programs are for `arch`, with the defects `wrong`."""
    subprocess.run(["cp", "-al", str(right), str(into)], check=True, timeout=LINK_SECONDS)
    for name, content in _programs(arch).items():
        (into / name).write_bytes(content)
        (into / name).chmod(0o755)
    for program in USUAL_PROGRAMS.values():
        qemu = inside(into, program)
        if qemu.is_file():
            _stand_in(qemu, into / STAND_IN, wrong)
            for library in PRELOADED:
                qemu.with_name(library).unlink(missing_ok=True)
                qemu.with_name(library).hardlink_to(into / library)
    for path in wrong.doubled:
        file = inside(into, path)
        _replace(file, file.read_bytes() * 2)
    for path, end in wrong.ended_by:
        file = inside(into, path)
        _replace(file, inside(into, end).read_bytes().rjust(file.stat().st_size, b"\xff"))
    if wrong.loses_tpm_files:
        swtpm = inside(into, SWTPM)
        swtpm.rename(swtpm.with_name(f"{swtpm.name}.real"))
        swtpm.hardlink_to(into / FORGETFUL)
    for path in wrong.missing:
        link = into / path.lstrip("/")
        (link if link.is_symlink() else inside(into, path)).unlink()
    for pattern, word, other in wrong.reworded:
        _reword(into, pattern, word, other)
    return into


def _reword(root: Path, pattern: str, word: bytes, other: bytes) -> None:
    """Replace a word that the one file of this pattern has once. Raises ValueError if it has not."""
    (file,) = (file for file in root.glob(pattern) if not file.is_symlink())
    content = file.read_bytes()
    if content.count(word) != 1 or len(word) != len(other):
        raise ValueError(f"{file}: {word!r} cannot be replaced by {other!r}")
    _replace(file, content.replace(word, other))


def _stand_in(qemu: Path, program: Path, wrong: Wrong) -> None:
    real = qemu.rename(qemu.with_name(f"{qemu.name}.real"))
    qemu.hardlink_to(program)
    qemu.with_name(f"{qemu.name}.rules").write_text("".join(f"{rule}\n" for rule in wrong.rules))
    content = real.read_bytes() if wrong.newer_sections else b""
    known = [section for section in wrong.newer_sections if f"\0{section}\0".encode() in content]
    for section in known:  # `kvmclock` is one of x86_64 only.
        content = with_newer_section(content, section)
    if known:
        _replace(real, content)


@cache
def _programs(arch: Arch) -> dict[str, bytes]:
    """The stand-ins for QEMU and swtpm and the preloaded libraries, compiled once by each process."""
    with temporary_directory("hotpatch-wrong-") as directory:
        stand_in = directory / STAND_IN
        _compile(arch, stand_in, "-static", "-s", *map(str, sorted(SOURCES.glob("*.c"))))
        for library in PRELOADED:
            source = SOURCES / "preloaded" / library.replace(".so", ".c")
            _compile(arch, directory / library, "-shared", "-fPIC", str(source))
        _compile(arch, directory / FORGETFUL, "-static", "-s", str(SOURCES / "beside" / "swtpm.c"))
        return {file.name: file.read_bytes() for file in directory.iterdir()}


def _compile(arch: Arch, program: Path, *arguments: str) -> None:
    tools = toolchain(arch)
    assert tools is not None
    command = [tools.compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*command, "-o", str(program), *arguments], check=True, timeout=COMPILE_SECONDS)


def _replace(file: Path, content: bytes) -> None:
    """Replace a hard link by a file of its own, because the linked file belongs to the real build."""
    mode = file.stat().st_mode
    file.unlink()
    file.write_bytes(content)
    file.chmod(mode)


def matrix_with(matrix: Path, roots: Mapping[str, Path], into: Path) -> Path:
    """Copy the file `matrix` to `into` and add these roots as builds."""
    added = "".join(f"  {name}:\n    kind: root\n    path: {root}\n" for name, root in roots.items())
    before, builds, after = matrix.read_text().partition("\nbuilds:\n")
    assert builds, f"{matrix} has no line `builds:`"
    into.write_text(f"{before}{builds}{added}{after}")
    return into
