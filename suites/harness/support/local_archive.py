# SPDX-License-Identifier: Apache-2.0
"""An archive of small packages, as apt-ftparchive and gpg make one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fixtures.matrix.own_arch import own_debian
from fixtures.temporary import temporary_directory

SECONDS = 60
SUITE = "here"
QEMU = "usr/bin/qemu-system-x86_64"


class Key:
    """A key that signs archives; its public half is a file for apt."""

    def __init__(self, home: Path, public: Path) -> None:
        self._home = home
        self.public = public
        name = f"{public.stem} <{public.stem}@archive.example>"
        self._gpg("--passphrase", "", "--quick-generate-key", name, "rsa2048", "sign", "never")
        self._gpg("--output", str(public), "--export")

    def sign(self, release: Path) -> None:
        """Write InRelease beside the file `Release`."""
        release.with_name("InRelease").unlink(missing_ok=True)
        self._gpg("--clearsign", "--output", str(release.with_name("InRelease")), str(release))

    def _gpg(self, *arguments: str) -> None:
        _run("gpg", "--batch", "--quiet", "--homedir", str(self._home), *arguments)


@contextmanager
def key(public: Path) -> Iterator[Key]:
    """A new key, whose agent ends with this context."""
    # The agent's sockets are in this directory, and their paths must be short.
    with temporary_directory("hp-gpg-") as home:
        try:
            yield Key(home, public)
        finally:
            _run("gpgconf", "--homedir", str(home), "--kill", "all")


def package(
    place: Path,
    name: str,
    version: str,
    *,
    files: Mapping[str, str] | None = None,
    depends: str = "",
    architecture: str | None = None,
) -> Path:
    """Make a package in the directory `place`, by default one for this machine, and return its file."""
    architecture = architecture or own_debian()
    with temporary_directory("hp-deb-") as tree:
        (tree / "DEBIAN").mkdir()
        control = f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n"
        control += f"Maintainer: nobody <nobody@archive.example>\nDescription: {name}\n"
        (tree / "DEBIAN/control").write_text(control + (f"Depends: {depends}\n" if depends else ""))
        for path, content in (files or {f"usr/share/{name}/version": version}).items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(content)
            (tree / path).chmod(0o755)
        place.mkdir(parents=True, exist_ok=True)
        plain = version.replace(":", "%3a")
        deb = place / f"{name}_{plain}_{architecture}.deb"
        _run("dpkg-deb", "--root-owner-group", "-Zgzip", "--build", str(tree), str(deb))
    return deb


class LocalArchive:
    """An archive. What a suite has is what was in its pool when it was published."""

    def __init__(self, place: Path, architecture: str | None = None) -> None:
        """Its packages are for hosts of `architecture`, by default of this machine's."""
        self.place = place
        self._architecture = architecture or own_debian()

    def pool(self, suite: str = SUITE) -> Path:
        """The directory of the packages of a suite."""
        return self.place / "pool" / suite

    def publish(self, signer: Key | None, suite: str = SUITE) -> None:
        """Write the indices of a suite, signed if there is a `signer`."""
        place = self.place / "dists" / suite
        binary = place / f"main/binary-{self._architecture}"
        binary.mkdir(parents=True, exist_ok=True)
        packages = _run("apt-ftparchive", "packages", f"pool/{suite}", cwd=self.place)
        (binary / "Packages").write_text(packages)
        for signed in ("InRelease", "Release"):
            (place / signed).unlink(missing_ok=True)
        options = {"Suite": suite, "Codename": suite, "Components": "main"}
        options["Architectures"] = self._architecture
        words = [f"-oAPT::FTPArchive::Release::{name}={value}" for name, value in options.items()]
        release = _run("apt-ftparchive", *words, "release", str(place))
        (place / "Release").write_text(release)
        if signer:
            signer.sign(place / "Release")

    def sources(self, keys: Path) -> str:
        """A stanza of apt's sources."""
        return f"Types: deb\nURIs: file:{self.place}\nSuites: {SUITE}\nComponents: main\nSigned-By: {keys}\n"


def _run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
