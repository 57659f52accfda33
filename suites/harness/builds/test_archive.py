# SPDX-License-Identifier: Apache-2.0
"""The Debian archive: the choice of the mirror, and messages for failures of apt and mmdebstrap."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from fixtures.builds import archive
from fixtures.builds.archive import MIRROR_VARIABLE, explain, mirror, sources
from fixtures.errors import RigError, UsageError
from fixtures.hosts.local_process import ends_of
from fixtures.places import ROOT

# Lines as apt 2.6 and mmdebstrap 1.3 wrote them, where a test needs them; the mirror's name and address are
# replaced, and long lines are broken with a backslash.
APT_FAILED = """\
E: apt download failed: E: apt-get --yes -oDebug::pkgDpkgPm=1 -oDir::Log=/dev/null -oAPT::Keep-Fds::=7 \
-oDPkg::Tools::options::'cat >&7'::InfoFD=7 -oDpkg::Pre-Install-Pkgs::=cat >&7 -oDebug::NoLocking=1 \
-oDpkg::Use-Pty=0 install base-files seabios=1.16.2-1 -oAPT::Status-Fd=<$fd> -oDpkg::Use-Pty=false failed
I: main() received signal PIPE: waiting for setup...
E: mmdebstrap failed to run
"""
UPDATE_FAILED = """\
E: apt-get update --error-on=any -oAPT::Status-Fd=<$fd> -oDpkg::Use-Pty=false failed
I: main() received signal PIPE: waiting for setup...
E: mmdebstrap failed to run
"""
TAMPERED = f"""\
Get:6 http://mirror.example/debian bookworm/main amd64 seabios all 1.16.2-1 [163 kB]
Err:6 http://mirror.example/debian bookworm/main amd64 seabios all 1.16.2-1
  Hash Sum mismatch
Fetched 3200 kB in 0s (38.2 MB/s)
E: Failed to fetch http://mirror.example/debian/pool/main/s/seabios/seabios_1.16.2-1_all.deb  \
Hash Sum mismatch
   Hashes of expected file:
    - SHA256:08e5b3f761379f17a6051731cafa03e97686049e2cc1b8bdccc5a910646e2d8e
    - MD5Sum:e177e0cef6cbcb3ee807090c61dcf450 [weak]
    - Filesize:162656 [weak]
   Hashes of received file:
    - SHA256:c7fff9c4a9562b3902625aefd6855d5a26b28f4bf300e0635dc2f12ca91e317e
    - MD5Sum:2de68565d87624dee73400676ec152de [weak]
    - Filesize:162656 [weak]
   Last modification reported: Sun, 22 Nov 2026 23:40:35 +0000
E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?
{APT_FAILED}"""
DISK_FULL_WHILE_UNPACKING = """\
I: extracting archives...
tar: ./usr/libexec/qemu-system-i386: Wrote only 5632 of 10240 bytes
tar: ./usr/share/doc/qemu-system-x86/NEWS.Debian.gz: Cannot write: No space left on device
tar: Exiting with failure status due to previous errors
E: tar --extract failed: 512
I: main() received signal PIPE: waiting for setup...
E: mmdebstrap failed to run
"""
DISK_FULL_BEFORE_FETCHING = f"""\
Need to get 42.9 MB of archives.
After this operation, 178 MB of additional disk space will be used.
E: You don't have enough free space in /cache/builds/root/var/cache/apt/archives/.
{APT_FAILED}"""
DISK_FULL_WHILE_FETCHING = """\
Err:2 http://mirror.example/debian bookworm/main amd64 Packages
  Error writing to file - write (28: No space left on device) [IP: 203.0.113.80 80]
E: Failed to fetch http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages  Error writing to \
file - write (28: No space left on device) [IP: 203.0.113.80 80]
E: Some index files failed to download. They have been ignored, or old ones used instead.
"""
NO_NETWORK = f"""\
Ign:1 http://mirror.example/debian bookworm InRelease
Err:1 http://mirror.example/debian bookworm InRelease
  Temporary failure resolving 'mirror.example'
E: Failed to fetch http://mirror.example/debian/dists/bookworm/InRelease  Temporary failure resolving \
'mirror.example'
E: Some index files failed to download. They have been ignored, or old ones used instead.
{UPDATE_FAILED}"""
NO_LISTENER = """\
E: Failed to fetch http://mirror.example/debian/dists/bookworm/InRelease  Could not connect to \
mirror.example:80 (203.0.113.80). - connect (111: Connection refused)
"""
NO_SUITE = f"""\
Ign:1 http://mirror.example/debian nosuite InRelease
Err:2 http://mirror.example/debian nosuite Release
  404  Not Found [IP: 203.0.113.80 80]
E: The repository 'http://mirror.example/debian nosuite Release' does not have a Release file.
{UPDATE_FAILED}"""
NOT_SIGNED = f"""\
Err:1 http://mirror.example/debian bookworm InRelease
  The following signatures were invalid: BADSIG 6ED0E7B82643E131 Debian Archive Automatic Signing Key \
(12/bookworm) <ftpmaster@debian.org>
Reading package lists...
W: GPG error: http://mirror.example/debian bookworm InRelease: The following signatures were invalid: \
BADSIG 6ED0E7B82643E131 Debian Archive Automatic Signing Key (12/bookworm) <ftpmaster@debian.org>
E: The repository 'http://mirror.example/debian bookworm InRelease' is not signed.
{UPDATE_FAILED}"""
PIN_GONE = f"""\
Package seabios is not available, but is referred to by another package.
E: Version '1.99-1' for 'seabios' was not found
E: Unable to locate package nosuchpackage
{APT_FAILED}"""
UNMET = f"""\
The following packages have unmet dependencies:
 qemu-system-x86 : Depends: libbpf1 (>= 1:0.0.8) but it is not going to be installed
                   Depends: libc6 (>= 2.38) but 2.36-9+deb12u14 is to be installed
E: Unable to correct problems, you have held broken packages.
{APT_FAILED}"""


@pytest.mark.parametrize(
    "output,message",
    [
        (TAMPERED, "(mirror)/seabios_1.16.2-1_all.deb Hash Sum mismatch\n"),
        (DISK_FULL_WHILE_UNPACKING, "build x: the disk is full\n"),
        (DISK_FULL_BEFORE_FETCHING, "build x: the disk is full\n"),
        (DISK_FULL_WHILE_FETCHING, "build x: the disk is full\n"),
        (NO_NETWORK, "(mirror)/InRelease Temporary failure resolving (mirror)\n"),
        (NO_LISTENER, "Could not connect to (mirror). - connect (111: Connection refused)\n"),
        (NO_SUITE, "has no such suite: E: The repository '(mirror)/debian nosuite Release' does not have"),
        (NOT_SIGNED, "the archive's signature is not valid: E: The repository '(mirror)/debian bookworm"),
        (PIN_GONE, "lacks a package: E: Version '1.99-1' for 'seabios' was not found; E: Unable to locate"),
        (UNMET, "fit together: Depends: libc6 (>= 2.38) but 2.36-9+deb12u14 is to be installed\n"),
    ],
)
def test_trouble_is_reported_in_plain_words(output: str, message: str) -> None:
    """Lose this and a wrong mirror or a full disk ends in fifty lines of apt."""
    error = explain(output, what="build x")
    assert isinstance(error, UsageError)
    assert error.fix
    assert message in str(error)


@pytest.mark.parametrize("output", [TAMPERED, NO_NETWORK, NO_LISTENER, NO_SUITE, NOT_SIGNED])
def test_no_message_names_the_mirror(output: str) -> None:
    """Lose this and the inside of a company's network is published with every report."""
    message = str(explain(output, what="build x"))
    assert "mirror.example" not in message
    assert "203.0.113" not in message


@pytest.mark.parametrize("output", [PIN_GONE, UNMET])
def test_pins_that_cannot_be_had_name_the_command_that_moves_them(output: str) -> None:
    """Lose this and a user does not learn how to update a stale matrix.yaml."""
    assert '`make pins ARGS="debian-12 --move"`' in str(explain(output, what="build debian-12"))
    assert '`make pins ARGS="kernels --move"`' in str(explain(output, what="kernels.x86_64"))


def test_what_nobody_foresaw_is_the_rigs_fault_and_quoted() -> None:
    """Lose this and an unknown failure is blamed on the user, or reported without a cause."""
    error = explain("I: fine so far\nE: the moon is in the way\n", what="build x")
    assert isinstance(error, RigError)
    assert str(error) == "build x: E: the moon is in the way"


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
