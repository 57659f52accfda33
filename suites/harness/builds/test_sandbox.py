# SPDX-License-Identifier: Apache-2.0
"""What a hostile build can do: its program tries to leave the sandbox, as QEMU and as a libvirt daemon."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fixtures.builds import seccomp
from fixtures.builds.sandbox import Sandbox, demand_sandbox
from fixtures.errors import UsageError
from fixtures.hosts.attempt_dir import attempt_dir
from fixtures.hosts.userfaultfd import CAPABILITY
from fixtures.path.libvirt.daemon import CAPABILITIES
from suites.harness.support.hostile_build import SOURCES, HostileBuild, Target, escapes, unconfined

ESCAPES = [
    name
    for source in sorted(SOURCES.glob("*.c"))
    for name in re.findall(r'^ {4}\{"([\w-]+)", \w+\},$', source.read_text(), re.MULTILINE)
]
ROLES = {"qemu": (), "qemu-before-8.0": (CAPABILITY,), "libvirt": (*CAPABILITIES, CAPABILITY)}
"""The capabilities of each kind of program."""
OTHER_USER = 1000
REAL_FOR_ROOT = (
    *("remount-root", "remount-sys", "write-core-pattern", "mount-tmpfs", "clone-tree", "unmount-proc"),
    *("change-root", "open-root-of-file-system", "make-disk", "set-clock", "read-kernel-log", "administer"),
    *("trace-first-process", "read-first-process"),
)
"""Escapes that an unconfined program of root is seen to do. Other users may not do them anyway."""
REAL_FOR_ALL = (
    "clone-user-namespace",
    "read-keyring",
    "add-key",
    "connect-network",
    "connect-abstract-socket",
)
"""Escapes that any unconfined program is seen to do."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> HostileBuild:
    """A build with a hostile program in place of QEMU."""
    return HostileBuild.made_in(tmp_path_factory.mktemp("hostile") / "root")


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """Things of the host that every program outside a sandbox can reach."""
    with ExitStack() as stack:
        yield Target.made_in(stack.enter_context(attempt_dir()), stack)


@pytest.fixture(scope="module", params=ROLES)
def attempted(request: pytest.FixtureRequest, hostile: HostileBuild, target: Target) -> dict[str, str]:
    """What became of every escape, for one kind of program."""
    argv, capabilities = [hostile.program, *target.arguments], ROLES[request.param]
    with (
        attempt_dir() as place,
        Sandbox(hostile.root).command(argv, attempt_dir=place, capabilities=capabilities) as command,
    ):
        return escapes(command)


@pytest.mark.parametrize("escape", ESCAPES)
def test_escape_is_refused(escape: str, attempted: dict[str, str]) -> None:
    """Lose this and a build that is qualified can take over the host that qualifies it."""
    assert attempted[escape].startswith("refused")


def test_escape_left_no_file(attempted: dict[str, str], hostile: HostileBuild) -> None:
    """Lose this and a build can write into the directories of its user."""
    assert attempted["write-root"] == "refused Read-only file system"
    assert not (hostile.root / "escaped").exists()


@pytest.fixture(scope="module")
def unhindered(hostile: HostileBuild, target: Target) -> dict[str, str]:
    """What becomes of the escapes in a sandbox that isolates files alone."""
    became = escapes(unconfined(Sandbox(hostile.root), [hostile.program, *target.arguments]))
    # At once: a worker of pytest-xdist may run test_escape_left_no_file after a test that needs this.
    (hostile.root / "escaped").unlink(missing_ok=True)
    return became


@pytest.mark.parametrize("escape", [*REAL_FOR_ROOT, *REAL_FOR_ALL])
def test_escape_is_real(escape: str, unhindered: dict[str, str]) -> None:
    """Lose this and the escapes are refused because they are badly written."""
    if escape in REAL_FOR_ROOT and os.geteuid() != 0:
        pytest.skip("only root may do this without a sandbox, so its refusal proves nothing here")
    assert unhindered[escape] == "done"


def test_build_in_the_hosts_root_sees_no_home(hostile: HostileBuild) -> None:
    """Lose this and a QEMU built in a home directory reads the keys of its owner."""
    with ExitStack() as stack:
        target = Target.made_in(stack.enter_context(attempt_dir(Path("/var/tmp"))), stack)
        sandbox = Sandbox(Path("/"), shown=(hostile.root,))
        argv = [str(hostile.root / "hostile"), *target.arguments]
        became = escapes(stack.enter_context(sandbox.command(argv)))
    assert became["read-file"] == became["connect-socket-file"] == "refused No such file or directory"


@pytest.fixture
def closed(hostile: HostileBuild) -> Iterator[HostileBuild]:
    """The same build in a directory that only another user may enter."""
    home = hostile.root.parent
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory to another user")
    os.chown(home, OTHER_USER, OTHER_USER)
    yield hostile
    os.chown(home, 0, 0)


def test_root_runs_a_build_in_the_home_of_another_user(closed: HostileBuild, target: Target) -> None:
    """Lose this and root cannot qualify a build in a developer's home, or its programs are not confined."""
    with Sandbox(closed.root).command([closed.program, *target.arguments]) as command:
        became = escapes(command)
    assert [name for name in ESCAPES if not became[name].startswith("refused")] == []


def test_missing_filter_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Lose this and on a host without libseccomp builds run unconfined, silently."""
    seccomp.program.cache_clear()
    monkeypatch.setattr(seccomp, "LIBRARY", "libseccomp-absent.so")
    with pytest.raises(UsageError, match="libseccomp is missing"), Sandbox(tmp_path).command(["/true"]):
        pass


def test_host_without_namespaces_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and every cell of a run is an error of its own where bubblewrap may not make namespaces."""
    demand_sandbox()
    refuses = tmp_path / "bwrap"
    refuses.write_text("#!/bin/sh\necho 'bwrap: Creating new namespace failed: No space left' >&2\nexit 1\n")
    refuses.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(UsageError) as refused:
        demand_sandbox()
    said = str(refused.value)
    assert said.startswith(
        "bwrap: programs of builds cannot run in a sandbox here: Creating new namespace failed"
    )
    assert "allow user namespaces" in said
