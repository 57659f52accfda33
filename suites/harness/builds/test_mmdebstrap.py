# SPDX-License-Identifier: Apache-2.0
"""Making roots: one retry of what a mirror may mend, and cells are unsupported for what the archive lacks."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures.builds import mmdebstrap
from fixtures.builds.apt_sources import Archive
from fixtures.errors import Unsupported, UsageError
from fixtures.matrix.build_specs import DebianBuild
from fixtures.matrix.names import HostArch

BUILD = DebianBuild(kind="debian", suites=("trixie",), packages={"qemu-system-ppc": "1:10.0.13+ds-0"})
ABSENT = "E: Failed to fetch http://mirror.example/pool/z/zlib1g_1.3_ppc64el.deb  404  Not Found\n"
NO_ARCHITECTURE = "E: apt-get update did not find any indices for architecture 'ppc64el' in suite 'trixie'\n"
TAMPERED = ABSENT + "   Hash Sum mismatch\n"
Run = Callable[[HostArch], int]


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Fails with these outputs, then succeeds; a run makes a root and returns how often mmdebstrap ran."""

    def fails_with(*outputs: str) -> Run:
        results = [*outputs, None]

        def run(host_arch: HostArch) -> int:
            mmdebstrap.bootstrap("mine", BUILD, tmp_path, host_arch=host_arch, strict_pins=False)
            return len(outputs) + 1 - len(results)

        def unpack(*_: object) -> str | None:
            (tmp_path / "root/etc").mkdir(parents=True, exist_ok=True)
            return results.pop(0)

        monkeypatch.setattr(mmdebstrap, "_mmdebstrap", unpack)
        return run

    return fails_with


@pytest.mark.parametrize("host_arch", ["amd64", "ppc64el"])
def test_root_is_made_for_the_architecture_of_the_host(
    host_arch: HostArch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a POWER host cannot run a single program of its root."""
    started: list[list[str]] = []

    def run(command: list[str], **_: object) -> SimpleNamespace:
        started.append(command)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(mmdebstrap, "os", SimpleNamespace(geteuid=lambda: 0, environ={}))
    monkeypatch.setattr(mmdebstrap, "shutil", SimpleNamespace(which=str, rmtree=lambda *_, **__: None))
    archive = Archive("", BUILD.suites)
    monkeypatch.setattr(mmdebstrap, "archive_of", lambda _build, **_: archive)
    monkeypatch.setattr(mmdebstrap, "run_contained", run)
    mmdebstrap._mmdebstrap("mine", BUILD, BUILD.packages, tmp_path / "root", tmp_path, host_arch)
    assert f"--architectures={host_arch}" in started[0]


def test_packages_of_one_source_have_one_version(tmp_path: Path) -> None:
    """Lose this and a suite with a newer libvirt than the pinned one leaves a build without its root.

    apt decides, with two repositories of made-up packages; `newer` is the suite in `release`.
    """
    for suite, version in (("older", "1.0"), ("newer", "2.0")):
        (tmp_path / suite).mkdir()
        (tmp_path / suite / "Release").write_text(f"Suite: {suite}\nCodename: {suite}\n")
        needs = f"libvirt0 (= {version})"
        (tmp_path / suite / "Packages").write_text(
            _package("libvirt0", version) + _package("libvirt-daemon", version, f"Depends: {needs}\n")
        )
    apt_get = _apt_of(tmp_path)
    apt_get("update")
    assert "libvirt0" not in _would_install(apt_get)
    (tmp_path / "preferences").write_text(mmdebstrap.same_versions(["1.0"]))
    assert _would_install(apt_get) == {"libvirt0": "1.0", "libvirt-daemon": "1.0"}


def _package(name: str, version: str, more: str = "") -> str:
    file = f"Filename: {name}.deb\nSize: 1\nSHA256: {64 * '0'}\n"
    return f"Package: {name}\nVersion: {version}\nArchitecture: all\n{more}{file}\n"


def _apt_of(place: Path) -> Callable[..., str]:
    """Runs apt-get with the repositories below `place`, and returns what it prints.

    Call `update` once. A second one made apt 2.6 forget a suite, in a root that mmdebstrap had made.
    """
    (place / "preferences").touch()
    (place / "sources.list").write_text(
        "".join(f"deb [trusted=yes] file:{place}/{suite} ./\n" for suite in ("older", "newer"))
    )
    (place / "status").touch()
    (place / "apt.conf").write_text(
        f'Dir::State "{place}/state"; Dir::State::status "{place}/status"; Dir::Cache "{place}/cache";'
        f'Dir::Etc::SourceList "{place}/sources.list"; Dir::Etc::SourceParts "/dev/null";'
        f'Dir::Etc::Preferences "{place}/preferences"; Dir::Etc::PreferencesParts "/dev/null";'
        'APT::Default-Release "newer"; APT::Sandbox::User "root";'
    )
    for directory in ("state/lists/partial", "cache/archives/partial"):
        (place / directory).mkdir(parents=True)
    environment = {"APT_CONFIG": str(place / "apt.conf"), "PATH": "/usr/bin:/bin", "LC_ALL": "C"}

    def apt_get(*arguments: str) -> str:
        command = ["apt-get", *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        ).stdout

    return apt_get


def _would_install(apt_get: Callable[..., str]) -> dict[str, str]:
    """What apt would install with the daemon, by package; empty if it finds no solution."""
    said = apt_get("--simulate", "install", "libvirt-daemon=1.0")
    return dict(re.findall(r"^Inst (\S+) \((\S+)", said, re.MULTILINE))


def test_mirror_that_was_being_updated_is_asked_once_more(archive: Callable[..., Run]) -> None:
    """Lose this and a run that starts while the mirror is updated has no build."""
    assert archive(ABSENT)("ppc64el") == 2


def test_package_that_the_archive_lost_is_unsupported(archive: Callable[..., Run]) -> None:
    """Lose this and one package that another architecture lacks stops the run of every cell."""
    with pytest.raises(
        Unsupported, match=r"^build mine:ppc64el: the archive lists packages that it does not have: zlib1g$"
    ):
        archive(ABSENT, ABSENT)("ppc64el")


def test_architecture_that_the_suite_lacks_is_unsupported(archive: Callable[..., Run]) -> None:
    """Lose this and no pair with Debian 11 can be qualified on a POWER host."""
    with pytest.raises(
        Unsupported, match=r"^build mine:ppc64el: the suite trixie has no packages for ppc64el$"
    ):
        archive(NO_ARCHITECTURE)("ppc64el")


@pytest.mark.parametrize("host_arch,output", [("amd64", ABSENT), ("ppc64el", TAMPERED)])
def test_other_trouble_stops_the_run(host_arch: HostArch, output: str, archive: Callable[..., Run]) -> None:
    """Lose this and a run without its builds, or with a tampered package, ends as if all was well."""
    with pytest.raises(UsageError, match=r"^build mine"):
        archive(output, output)(host_arch)
