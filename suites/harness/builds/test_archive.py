# SPDX-License-Identifier: Apache-2.0
"""The Debian archive: the choice of the mirror, and programs that end with the run."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from fixtures.builds import archive
from fixtures.builds.apt_failures import MIRROR_VARIABLE
from fixtures.builds.archive import mirror, sources
from fixtures.errors import UsageError
from fixtures.hosts.sandboxed import ends_of
from fixtures.places import ROOT


@pytest.mark.parametrize(
    "given,main,security",
    [
        (
            "http://mirror.example/debian",
            "http://mirror.example/debian",
            "http://mirror.example/debian-security",
        ),
        (
            "http://mirror.example/debian/",
            "http://mirror.example/debian",
            "http://mirror.example/debian-security",
        ),
        ("file:///srv/debian", "file:///srv/debian", "file:///srv/debian-security"),
        ("http://mirror.example/all", "http://mirror.example/all", "http://mirror.example/all"),
    ],
)
def test_mirror_is_the_one_that_the_user_names(
    given: str, main: str, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a host behind a firewall cannot use its own mirror."""
    monkeypatch.setenv(MIRROR_VARIABLE, given)
    assert mirror() == (main, security)


def test_mirror_that_is_no_address_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a typing error in the variable ends in a riddle about sources.list."""
    monkeypatch.setenv(MIRROR_VARIABLE, "mirror.example")
    with pytest.raises(
        UsageError, match=f"{MIRROR_VARIABLE}: 'mirror.example' is not the address of a mirror"
    ):
        mirror()


def test_mirror_is_the_hosts_own_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a fresh machine needs to be configured before the first command works."""
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    targets = [
        "cdrom://disc/debian/|Debian|Debian",
        "http://other.example/apt/|Other|Other",
        "http://mirror.example/debian/|Debian|Debian",
        "http://sec.example/debian-security/|Debian|Debian-Security",
        "http://backports.example/debian/|Debian Backports|Debian Backports",
    ]
    monkeypatch.setattr(archive, "_apt_get_targets", lambda: targets)
    assert mirror() == ("http://mirror.example/debian", "http://sec.example/debian-security")


def test_host_without_a_mirror_gets_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a host that is not Debian ends in a traceback."""
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    monkeypatch.setattr(archive, "_apt_get_targets", list)
    with pytest.raises(UsageError, match=r"name no Debian mirror.*\n.*apt-get update"):
        mirror()


def test_sources_take_security_from_its_own_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and the build that has only security's packages cannot be made."""
    monkeypatch.setenv(MIRROR_VARIABLE, "http://mirror.example/debian")
    monkeypatch.setattr(archive, "KEYRING", tmp_path)
    with pytest.raises(UsageError, match="install the package debian-archive-keyring"):
        sources(["bookworm"])
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(archive, "KEYRING", keyring)
    assert sources(["bookworm", "bookworm-security"]) == (
        f"deb [signed-by={keyring}] http://mirror.example/debian bookworm main\n"
        f"deb [signed-by={keyring}] http://mirror.example/debian-security bookworm-security main\n"
    )


def test_packages_of_a_local_mirror_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a root from a mounted mirror has no package that the lock could be compared with."""
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(archive, "KEYRING", keyring)
    monkeypatch.setenv(MIRROR_VARIABLE, "file:///srv/debian")
    assert " copy:///srv/debian bookworm main" in sources(["bookworm"])


MAKER = """
import subprocess, sys
from fixtures.builds.archive import contained
subprocess.run(contained(["sh", "-c", "sleep 987 & echo $$; exec sleep 988"]))
"""


def test_what_apt_starts_dies_with_the_run() -> None:
    """Lose this and a killed run goes on downloading, and writes into what the next run makes."""
    maker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(MAKER)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert maker.stdout is not None
    maker.stdout.readline()
    family = psutil.Process(maker.pid).children(recursive=True)
    # The shell and what it left in the background, whether that has become `sleep` already or not.
    assert len([process for process in family if process.name() in {"sh", "dash", "sleep"}]) >= 2
    with ends_of(family) as alive_after:
        maker.send_signal(signal.SIGKILL)
        maker.wait()
        assert alive_after(5) == []
    maker.stdout.close()
