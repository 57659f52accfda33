# SPDX-License-Identifier: Apache-2.0
"""A running program keeps its open files and finds those of another build under their paths."""

from contextlib import closing
from pathlib import Path

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import INSIDE_ROOTS, Sandbox
from fixtures.errors import RigError, Unsupported
from fixtures.hosts import replaced_files
from fixtures.hosts.interface import Program
from fixtures.hosts.local import LOCAL
from suites.harness.support.fake_qemu import PYTHON, PYTHON_HOME

OLD = Build("old", Sandbox(Path("/"), shown=(PYTHON_HOME,)), {})
LISTS = """
import os
os.write(FD, b".")
os.read(FD, 1)
os.write(FD, "\\n".join(os.listdir("/opt")).encode())
os.read(FD, 1)
"""


@pytest.fixture
def new(tmp_path: Path) -> Build:
    """A build with one file."""
    (tmp_path / "root/opt").mkdir(parents=True)
    (tmp_path / "root/libx32").mkdir()  # A directory that the old root does not have.
    (tmp_path / "root/opt/only-in-new").touch()
    return Build("new", Sandbox(tmp_path / "root"), {})


@pytest.mark.parametrize("replaced", [True, False])
def test_program_finds_new_files_once_they_are_there(new: Build, replaced: bool, tmp_path: Path) -> None:
    """Lose this and an old QEMU executes itself, or finds modules of the new build before the update."""
    ours, theirs = LOCAL.stream()
    with ours, closing(theirs):
        script = LISTS.replace("FD", str(theirs.number))
        argv = [str(PYTHON), "-I", "-c", script]
        program = LOCAL.start(Program(OLD, argv, tmp_path / "said", [theirs], replaceable_by=[new]))
        try:
            assert ours.recv(1) == b"."
            if replaced:
                program.replace_files(new)
            ours.send(b".")
            assert ("only-in-new" in ours.recv(4096).decode().split("\n")) == replaced
            assert list((tmp_path / "root/opt").iterdir()) == [tmp_path / "root/opt/only-in-new"]
        finally:
            program.kill()


def test_files_of_the_host_itself_replace_no_other(tmp_path: Path) -> None:
    """Lose this and a build of kind `host` hides the suite's own mounts in a sandbox."""
    with pytest.raises(Unsupported, match="are the host's own"):
        replaced_files.replace_files(1, Build("host", Sandbox(Path("/")), {}))


def test_files_that_cannot_be_replaced_are_an_error_of_the_suite(new: Build) -> None:
    """Lose this and a build is blamed for what the suite could not do."""
    with pytest.raises(RigError, match=r"cannot replace those of a QEMU: /proc/\d+/ns/mnt: No such file"):
        replaced_files.replace_files(2**22 + 1, new)


def test_sandbox_has_what_the_other_mounts() -> None:
    """Lose this and a new build that needs more than its root cannot be executed."""
    other = Sandbox(Path("/new"), (Path("/shown"),), {"/tmp/more": Path("/more")})
    both = Sandbox(Path("/old"), (Path("/own"),)).beside({"new": other})
    assert both.root == Path("/old")
    assert both.shown == (Path("/own"), Path("/shown"))
    assert both.mounted == {"/tmp/more": Path("/more"), str(INSIDE_ROOTS / "new"): Path("/new")}
