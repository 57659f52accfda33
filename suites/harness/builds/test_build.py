# SPDX-License-Identifier: Apache-2.0
"""Builds of every kind: found at the given place, or reported in one message."""

from pathlib import Path

import pytest

from fixtures.builds import build as opening
from fixtures.builds.build import Build, inside, open_build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import Unsupported, UsageError
from fixtures.matrix.build_specs import HostBuild, RootBuild, TreeBuild
from fixtures.matrix.own_arch import DEBIAN_NAMES, own_debian
from fixtures.matrix.schema import Matrix, load_matrix
from fixtures.places import MATRIX_FILE


def matrix(build: HostBuild | RootBuild | TreeBuild) -> Matrix:
    """A matrix with that build, called `mine`."""
    return load_matrix(MATRIX_FILE).model_copy(update={"builds": {"mine": build}})


def test_link_in_a_root_is_followed_inside_it(tmp_path: Path) -> None:
    """Lose this and a root's QEMU is missed, or the host's own is taken for it."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store/qemu").touch()
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/absolute").symlink_to("/store/qemu")
    (tmp_path / "usr/relative").symlink_to("../store/../../../store/qemu")
    (tmp_path / "usr/itself").symlink_to("itself")
    assert inside(tmp_path, "/usr/absolute") == tmp_path / "store/qemu"
    assert inside(tmp_path, "/usr/relative") == tmp_path / "store/qemu"
    assert not inside(tmp_path, "/usr/itself").is_file()


def test_root_with_qemu_is_a_build(tmp_path: Path) -> None:
    """Lose this and a QEMU that does not come from Debian cannot be qualified."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/qemu-system-ppc64").touch()
    (tmp_path / "usr/libexec").mkdir()
    (tmp_path / "usr/libexec/qemu-kvm").touch()
    described = RootBuild(kind="root", path=str(tmp_path), qemu={"x86_64": "/usr/libexec/qemu-kvm"})
    build = open_build(matrix(described), "mine")
    assert build.programs == {"x86_64": "/usr/libexec/qemu-kvm", "ppc64le": "/usr/bin/qemu-system-ppc64"}
    assert build.program_file("x86_64") == tmp_path / "usr/libexec/qemu-kvm"


@pytest.mark.parametrize("where", ["usr/libexec", "usr/bin"])
@pytest.mark.parametrize("arch, machine", [("x86_64", 62), ("ppc64le", 21)])
def test_qemu_kvm_is_found_for_the_architecture_that_it_is_of(
    arch: str, machine: int, where: str, tmp_path: Path
) -> None:
    """Lose this and a root of RHEL is said to have no QEMU, because its only one is qemu-kvm."""
    (tmp_path / where).mkdir(parents=True)
    head = b"\x7fELF\x02\x01" + bytes(12) + machine.to_bytes(2, "little")
    (tmp_path / where / "qemu-kvm").write_bytes(head)
    described = RootBuild(kind="root", path=str(tmp_path))
    assert open_build(matrix(described), "mine").programs == {arch: f"/{where}/qemu-kvm"}
    if arch == "x86_64":
        (tmp_path / "usr/bin").mkdir(exist_ok=True)
        (tmp_path / "usr/bin/qemu-system-x86_64").touch()
        assert open_build(matrix(described), "mine").programs == {arch: "/usr/bin/qemu-system-x86_64"}


def test_script_called_qemu_kvm_is_no_qemu_of_an_architecture(tmp_path: Path) -> None:
    """Lose this and a script that starts some QEMU is run as one of x86_64."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/qemu-kvm").write_text("#!/bin/sh\nexec qemu-system-ppc64 -enable-kvm\n")
    with pytest.raises(UsageError, match="no QEMU found"):
        open_build(matrix(RootBuild(kind="root", path=str(tmp_path))), "mine")


def test_build_that_is_not_there_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a wrong path in matrix.yaml ends in a traceback, or in a guest that never starts."""
    monkeypatch.setenv("PATH", str(tmp_path))
    programs = opening._programs  # This machine may have QEMU.
    monkeypatch.setattr(opening, "_programs", lambda root: programs(root) if root != Path("/") else {})
    here = str(tmp_path)
    wrong: list[tuple[HostBuild | RootBuild | TreeBuild, str]] = [
        (RootBuild(kind="root", path=f"{here}/absent"), "there is no such directory"),
        (RootBuild(kind="root", path=here), "no QEMU found"),
        (RootBuild(kind="root", path=here, qemu={"x86_64": "/qemu"}), "there is no /qemu"),
        (TreeBuild(kind="tree", path=f"{here}/absent"), "there is no such directory"),
        (TreeBuild(kind="tree", path=here), "no QEMU found"),
        (HostBuild(kind="host"), "this host: no QEMU found"),
    ]
    for described, message in wrong:
        with pytest.raises(UsageError, match=f"^build mine: .*{message}") as error:
            open_build(matrix(described), "mine")
        assert error.value.fix


def test_build_of_this_machine_is_not_for_another(tmp_path: Path) -> None:
    """Lose this and a POWER host starts programs for x86_64."""
    described = RootBuild(kind="root", path=str(tmp_path))
    (other,) = {*DEBIAN_NAMES.values()} - {own_debian()}
    with pytest.raises(Unsupported, match=f"is of kind root; only those of kind debian are made for {other}"):
        open_build(matrix(described), "mine", host_arch=other)


def test_only_a_root_of_the_cache_is_made_again(tmp_path: Path) -> None:
    """Lose this and a user removes a root of their own because we promise to make it again."""
    sandbox = Sandbox(tmp_path)
    assert "makes it again" not in Build("theirs", sandbox, {}).repair
    assert f"remove {tmp_path}" in Build("ours", sandbox, {}, cache=tmp_path).repair
