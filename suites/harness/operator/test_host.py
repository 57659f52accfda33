# SPDX-License-Identifier: Apache-2.0
"""What the host has: read from its files."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.operator.host import free_hugepages, memory_available, no_userfaultfd, version, why_not_current
from fixtures.operator.settings import with_settings

NEW = (10_000_000, 11_003_000)


def switched(root: Path, value: str) -> Path:
    """A host whose kernel has this value of vm.unprivileged_userfaultfd."""
    (root / "proc/sys/vm").mkdir(parents=True)
    (root / "proc/sys/vm/unprivileged_userfaultfd").write_text(f"{value}\n")
    return root


def test_userfaultfd_for_everyone_is_enough(tmp_path: Path) -> None:
    """Lose this and busy guests stay although they could move."""
    assert no_userfaultfd(switched(tmp_path, "1"), 5_002_000, 7_000_000) == ""
    assert no_userfaultfd(tmp_path / "before-linux-5.2", 5_002_000, 7_000_000) == ""


def test_missing_userfaultfd_is_named(tmp_path: Path) -> None:
    """Lose this and a postcopy begins that QEMU cannot do."""
    root = switched(tmp_path, "0")
    assert "there is no /dev/userfaultfd" in no_userfaultfd(root, *NEW)
    (root / "dev").mkdir()
    (root / "dev/userfaultfd").touch()
    assert "there is no /dev/userfaultfd" in no_userfaultfd(root, *NEW)
    (root / "dev/userfaultfd").unlink()
    (root / "dev/userfaultfd").symlink_to("/dev/null")
    assert no_userfaultfd(root, *NEW) == ""
    assert "QEMU 7.2.22 does not open" in no_userfaultfd(root, 7_002_022, NEW[1])
    assert "libvirt 9.0.0 does not give" in no_userfaultfd(root, NEW[0], 9_000_000)


def test_available_memory_is_the_kernels(tmp_path: Path) -> None:
    """Lose this and the kernel kills a guest because the host has no memory left."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    2097152 kB\n")
    assert memory_available(tmp_path) == 2048
    assert free_hugepages(tmp_path, 2048) == 0
    pages = tmp_path / "sys/kernel/mm/hugepages/hugepages-2048kB"
    pages.mkdir(parents=True)
    (pages / "free_hugepages").write_text("3\n")
    assert free_hugepages(tmp_path, 2048) == 6


@pytest.fixture
def sleeper(tmp_path: Path) -> Path:
    """A program, which a package may replace."""
    return Path(shutil.copy("/bin/sleep", tmp_path / "sleeper"))


def test_process_of_a_replaced_program_is_found(sleeper: Path) -> None:
    """Lose this and a guest under the old QEMU counts as up to date."""
    with subprocess.Popen([sleeper, "60"]) as process:
        try:
            assert why_not_current(Path("/"), process.pid) == ()
            new = sleeper.with_name("new")
            shutil.copy(sleeper, new)
            new.rename(sleeper)
            assert why_not_current(Path("/"), process.pid) == (str(sleeper),)
            sleeper.unlink()
            assert why_not_current(Path("/"), process.pid) == (str(sleeper),)
        finally:
            process.terminate()


def test_process_of_a_replaced_library_is_found(tmp_path: Path) -> None:
    """Lose this and a fix in a library of QEMU does not reach its guests."""
    library = Path(shutil.copy(_some_library(), tmp_path / "libsome.so.1"))
    waits = f"import ctypes, sys; ctypes.CDLL({str(library)!r}); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", waits], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert why_not_current(Path("/"), process.pid) == ()
        library.unlink()
        assert why_not_current(Path("/"), process.pid) == (str(library),)


def _some_library() -> str:
    maps = Path("/proc/self/maps").read_text().split()
    return next(word for word in maps if "/libz.so" in word or "/libm.so" in word or "/libffi.so" in word)


def test_version_is_as_people_write_it() -> None:
    """Lose this and nobody recognises the version."""
    assert version(10_002_001) == "10.2.1"


CONF = """\
#host_uuid = "0"
host_uuid = "1"
  user = "root"
cgroup_controllers = [ "cpu",
  "devices" ]
keepalive = 5
"""


def test_settings_replace_those_of_the_file() -> None:
    """Lose this and libvirt takes the first of two lines: the host's."""
    text = with_settings(CONF, {"host_uuid": '"2"', "cgroup_controllers": "[]", "user": None})
    lines = [line for line in text.splitlines() if line.strip()]
    assert lines == ['#host_uuid = "0"', "keepalive = 5", 'host_uuid = "2"', "cgroup_controllers = []"]


def test_settings_of_a_similar_name_stay() -> None:
    """Lose this and the second daemon differs from the host's in what nobody has meant."""
    assert "swtpm_user = 1" in with_settings("swtpm_user = 1\nuser_x = 2\n", {"user": "3"})
    assert "user_x = 2" in with_settings("swtpm_user = 1\nuser_x = 2\n", {"user": "3"})
