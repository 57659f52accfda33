# SPDX-License-Identifier: Apache-2.0
"""Failures of apt and mmdebstrap: one message for each, that says what to do and names no mirror."""

import pytest

from fixtures.builds.apt_failures import ArchiveLacks, explain, passing
from fixtures.errors import RigError, UsageError

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
NO_ARCHITECTURE = """\
W: apt-get indextargets output is empty
E: apt-get update did not find any indices for architecture 'ppc64el' in suite 'bullseye'
I: main() received signal PIPE: waiting for setup...
E: mmdebstrap failed to run
"""
ABSENT = f"""\
Err:2 http://mirror.example/debian trixie/main ppc64el libc6 ppc64el 2.41-12+deb13u5
  404  Not Found [IP: 203.0.113.80 80]
E: Failed to fetch http://mirror.example/debian/pool/main/g/glibc/libc6_2.41-12%2bdeb13u5_ppc64el.deb  \
404  Not Found [IP: 203.0.113.80 80]
E: Failed to fetch http://mirror.example/debian/pool/main/e/expat/libexpat1_2.9.0-1%7edeb13u1_ppc64el.deb  \
404  Not Found [IP: 203.0.113.80 80]
E: Failed to fetch http://mirror.example/debian/pool/main/o/openssl/libssl3t64_3.5.9-1_ppc64el.deb  \
404  Not Found [IP: 203.0.113.80 80]
E: Failed to fetch http://mirror.example/debian/pool/main/z/zlib/zlib1g_1.3.1-1_ppc64el.deb  \
404  Not Found [IP: 203.0.113.80 80]
E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?
{APT_FAILED}"""
ABSENT_OF_A_LOCAL_MIRROR = """\
E: Failed to fetch copy:/srv/debian/pool/main/z/zlib/zlib1g_1.3_ppc64el.deb  \
Failed to stat - stat (2: No such file or directory)
"""
OLD_INDEX = f"""\
Err:4 http://mirror.example/debian trixie-backports/main ppc64el Packages
  File has unexpected size (270640 != 286244). Mirror sync in progress? [IP: 203.0.113.80 80]
E: Failed to fetch http://mirror.example/debian/dists/trixie-backports/main/binary-ppc64el/Packages.xz  \
File has unexpected size (270640 != 286244). Mirror sync in progress? [IP: 203.0.113.80 80]
E: Some index files failed to download. They have been ignored, or old ones used instead.
{UPDATE_FAILED}"""
OLD_PACKAGE = """\
E: Failed to fetch http://mirror.example/debian/pool/main/z/zlib/zlib1g_1.3_ppc64el.deb  \
File has unexpected size (27 != 28). Mirror sync in progress? [IP: 203.0.113.80 80]
"""
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
        (NO_ARCHITECTURE, "build x: the suite bullseye has no packages for ppc64el\n"),
        (ABSENT, "lists packages that it does not have: libc6, libexpat1, libssl3t64 and 1 more\n"),
        (ABSENT_OF_A_LOCAL_MIRROR, "lists packages that it does not have: zlib1g\n"),
        (OLD_INDEX, "index of trixie-backports for ppc64el differs from the signed list of indices\n"),
        (OLD_PACKAGE, "is not the one that the archive signed: E: Failed to fetch (mirror)/zlib1g_1.3"),
        (UNMET, "fit together: Depends: libc6 (>= 2.38) but 2.36-9+deb12u14 is to be installed\n"),
    ],
)
def test_trouble_is_reported_in_plain_words(output: str, message: str) -> None:
    """Lose this and a wrong mirror or a full disk ends in fifty lines of apt."""
    error = explain(output, what="build x")
    assert isinstance(error, UsageError)
    assert error.fix
    assert message in str(error)


@pytest.mark.parametrize("output", [TAMPERED, NO_NETWORK, NO_LISTENER, NO_SUITE, NOT_SIGNED, OLD_INDEX])
def test_no_message_names_the_mirror(output: str) -> None:
    """Lose this and the inside of a company's network is published with every report."""
    message = str(explain(output, what="build x"))
    assert "mirror.example" not in message
    assert "203.0.113" not in message


@pytest.mark.parametrize("output", [PIN_GONE, UNMET])
def test_pins_that_cannot_be_had_name_the_command_that_moves_them(output: str) -> None:
    """Lose this and a user does not learn how to update a stale matrix.yaml."""
    for what in ("build debian-12", "build debian-12:ppc64el"):
        assert '`make pins ARGS="debian-12 --move"`' in str(explain(output, what=what))
    assert '`make pins ARGS="kernels --move"`' in str(explain(output, what="kernels.x86_64"))


def test_pins_that_do_not_fit_without_having_moved_are_explained() -> None:
    """Lose this and pins that are all in the archive are to be moved, which changes nothing."""
    assert "or leave out `release`" in str(explain(UNMET, what="build debian-13-backports"))


def test_what_nobody_foresaw_is_the_rigs_fault_and_quoted() -> None:
    """Lose this and an unknown failure is blamed on the user, or reported without a cause."""
    error = explain("I: fine so far\nE: the moon is in the way\n", what="build x")
    assert isinstance(error, RigError)
    assert str(error) == "build x: E: the moon is in the way"


@pytest.mark.parametrize("output", [NO_ARCHITECTURE, ABSENT, OLD_INDEX, PIN_GONE, UNMET])
def test_what_the_archive_lacks_is_recognised(output: str) -> None:
    """Lose this and cells that the archive has no packages for stop the whole run."""
    assert isinstance(explain(output, what="build x"), ArchiveLacks)


@pytest.mark.parametrize(
    "output", [TAMPERED, OLD_PACKAGE, NOT_SIGNED, NO_NETWORK, DISK_FULL_WHILE_FETCHING, ABSENT + TAMPERED]
)
def test_other_trouble_is_not_taken_for_a_lack(output: str) -> None:
    """Lose this and a tampered package or a full disk quietly makes cells unsupported."""
    assert not isinstance(explain(output, what="build x"), ArchiveLacks)


def test_only_what_a_mirror_may_mend_is_tried_again() -> None:
    """Lose this and a mirror that is being updated ends a run, or a wrong pin is fetched twice."""
    outputs = [ABSENT, OLD_INDEX, NO_ARCHITECTURE, PIN_GONE, TAMPERED, DISK_FULL_WHILE_FETCHING]
    assert [passing(output) for output in outputs] == [True, True, False, False, False, False]
