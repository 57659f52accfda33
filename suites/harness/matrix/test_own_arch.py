# SPDX-License-Identifier: Apache-2.0
"""What depends on the architecture of this machine, on each of those that it can be."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.builds.build import open_build
from fixtures.errors import Unsupported
from fixtures.matrix.build_specs import TreeBuild
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.limits import LOST_MEMORY_KIB
from fixtures.matrix.memory_options import MemoryOptions
from fixtures.matrix.names import ARCHES
from fixtures.matrix.own_arch import (
    clone_flags_argument,
    own_arch,
    own_debian,
    toolchain,
    userfaultfd_call,
)
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE, ROOT

OWN = "fixtures/matrix/own_arch.py"
SECONDS = 60
Machine = Callable[[str], None]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Makes this machine one of another architecture."""
    return lambda name: monkeypatch.setattr("platform.machine", lambda: name)


@pytest.mark.parametrize(
    "name,arch,debian,call",
    [
        ("x86_64", "x86_64", "amd64", 323),
        ("ppc64le", "ppc64le", "ppc64el", 364),
        ("aarch64", None, "amd64", 282),
        ("riscv64", None, "amd64", None),
    ],
)
def test_facts_follow_the_machine(
    name: str, arch: str | None, debian: str, call: int | None, machine: Machine
) -> None:
    """Lose this and a POWER machine fetches programs of x86_64, and misses a userfaultfd that it has."""
    machine(name)
    assert (own_arch(), own_debian(), userfaultfd_call()) == (arch, debian, call)
    assert clone_flags_argument() == 0


def test_flags_of_clone_are_where_s390x_has_them(machine: Machine) -> None:
    """Lose this and a build there may make namespaces."""
    machine("s390x")
    assert clone_flags_argument() == 1


@pytest.mark.parametrize("own", [*ARCHES, "aarch64"])
def test_foreign_agents_are_cross_compiled(own: str, machine: Machine) -> None:
    """Lose this and the agent of one architecture is a program of the other, and no guest beats."""
    machine(own)
    for arch in ARCHES:
        found = toolchain(arch)
        assert found is not None
        assert (found.compiler == "gcc") == (arch == own)
        assert own == arch or found.compiler.startswith(arch.replace("ppc", "powerpc"))
    assert toolchain("m68k") is None


@pytest.mark.parametrize("own", ARCHES)
def test_setup_installs_the_compilers_of_this_machine(own: str, machine: Machine, tmp_path: Path) -> None:
    """Lose this and set-up installs a cross compiler for the machine itself, and none for others."""
    machine(own)
    for name, script in {
        "uname": f"echo {own}",
        "apt-get": f'echo "$@" >> {tmp_path}/asked; exit 1',
        "dpkg-query": "exit 1",
        "sudo": 'while [ "${1#-}" != "$1" ]; do shift; done; exec "$@"',
    }.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    (tmp_path / "setup.sh").write_bytes((ROOT / "setup.sh").read_bytes())
    done = subprocess.run(
        ["bash", "setup.sh"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, "system packages are missing" in done.stderr) == (2, True), done.stderr
    asked = (tmp_path / "asked").read_text().split()
    wanted = {name for arch in ARCHES if (tools := toolchain(arch)) for name in tools.packages.split()}
    assert wanted <= set(asked)
    assert {name for name in asked if re.match(r"gcc|libc6-dev", name)} == wanted


@pytest.mark.parametrize("own,host_arch", [("x86_64", "amd64"), ("ppc64le", "ppc64el")])
def test_builds_of_other_kinds_are_of_this_machine(
    own: str, host_arch: str, machine: Machine, tmp_path: Path
) -> None:
    """Lose this and a QEMU that was built on a POWER machine is not qualified there."""
    machine(own)
    (tmp_path / "qemu-system-ppc64").touch()
    tree = TreeBuild(kind="tree", path=str(tmp_path))
    matrix = load_matrix(MATRIX_FILE).model_copy(update={"builds": {"mine": tree}})
    assert open_build(matrix, "mine").programs == {"ppc64le": str(tmp_path / "qemu-system-ppc64")}
    (other,) = {"amd64", "ppc64el"} - {host_arch}
    with pytest.raises(Unsupported, match=f"only those of kind debian are made for {other} hosts"):
        open_build(matrix, "mine", host_arch=other)  # type: ignore[arg-type]


@pytest.mark.parametrize("page_kib", [4, 64])
@pytest.mark.parametrize("fills_memory", [False, True])
def test_ram_of_guests_is_whole_pages_of_this_machine(
    page_kib: int, fills_memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and QEMU on a POWER machine refuses RAM of x86_64 guests, or old QEMUs lose pages."""
    monkeypatch.setattr("resource.getpagesize", lambda: page_kib << 10)
    for nodes in (1, 2):
        options = GuestOptions(fills_memory=fills_memory, memory=MemoryOptions("memfd", nodes=nodes))
        spec = GuestSpec("x86_64", "pc-q35-7.2", 2, "idle", "bare", 0, options=options)
        assert len(spec.memory_blocks) == nodes
        assert sum(spec.memory_blocks) == spec.memory_kib
        assert not any(size % page_kib for size in spec.memory_blocks)
        assert all(size % LOST_MEMORY_KIB for size in spec.memory_blocks)
        assert not any(size % (256 << 10) for size in replace(spec, arch="ppc64le").memory_blocks)


def test_no_other_module_asks_for_the_architecture() -> None:
    """Lose this and what holds on x86_64 alone hides in the whole library."""
    files = [file for folder in ("fixtures", "images", "reports") for file in (ROOT / folder).rglob("*.py")]
    asks = re.compile(
        r"platform\.machine\(|\buname\(\)\.machine|platform\.(?:processor|uname)\(|getpagesize|SC_PAGE"
    )
    found = {str(file.relative_to(ROOT)) for file in files if asks.search(file.read_text(encoding="utf-8"))}
    assert found == {OWN}
