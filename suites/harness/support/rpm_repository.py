# SPDX-License-Identifier: Apache-2.0
"""Repositories of rpm packages, which tests make of files of Debian's builds and sign with their own keys."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures.builds.build import inside
from fixtures.matrix.build_specs import RpmBuild, RpmRepository
from fixtures.matrix.names import ARCHES, Arch
from fixtures.matrix.own_arch import own_arch
from suites.harness.support.own_loader import own_loader

SECONDS = 300
OWN: Arch = own_arch() or "x86_64"
(OTHER,) = {*ARCHES} - {OWN}
"""The architectures of packages for this machine, and for no host of it."""
PROGRAMS = ("dnf", "rpmbuild", "rpmsign", "createrepo_c", "gpg")
NEEDS_PROGRAMS = pytest.mark.skipif(
    any(shutil.which(program) is None for program in PROGRAMS), reason="needs dnf, rpm and createrepo-c"
)
"""Of tests that make such a repository."""
SPEC = """\
Name: {name}
Version: {version}
Release: {release}
Summary: made by a test
License: none
AutoReqProv: no
{requires}
%description
Made by a test.
%files
{files}
"""
MACROS = {
    "_binary_payload": "w.ufdio",
    "__os_install_post": "%{nil}",
    "_build_id_links": "none",
    "debug_package": "%{nil}",
    "_missing_doc_files_terminate_build": "0",
}
VERSION, RELEASE = "10.0.13", "1.test"


def run(*command: str, env: Mapping[str, str] | None = None) -> None:
    """Run a program that must succeed."""
    own = os.environ | dict(env or {})
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=own, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


@dataclass(frozen=True)
class Signer:
    """A key that a test has made, in a directory of its own."""

    home: Path
    name: str

    @property
    def public(self) -> Path:
        """The file with its public part."""
        return self.home / "public.asc"


def make_signer(home: Path, name: str) -> Signer:
    """A new key."""
    home.mkdir(mode=0o700)
    gpg = ("gpg", "--homedir", str(home), "--batch", "--yes")
    run(*gpg, "--passphrase", "", "--quick-gen-key", name, "rsa2048", "sign", "never")
    signer = Signer(home, name)
    run(*gpg, "--armor", "--output", str(signer.public), "--export", name)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"], check=False, timeout=SECONDS)
    return signer


def make_package(
    repository: Path,
    name: str,
    tree: Path,
    *,
    requires: Iterable[str] = (),
    arch: Arch = OWN,
    signer: Signer | None = None,
    version: str = VERSION,
) -> Path:
    """Make a package of all files below `tree` with rpmbuild, in the directory `repository`."""
    work = repository.with_name(f"{repository.name}-{name}-{version}-{arch}")
    work.mkdir()
    files = [f"/{file.relative_to(tree)}" for file in sorted(tree.rglob("*")) if _is_packed(file)]
    spec = work / f"{name}.spec"
    needs = "".join(f"Requires: {each}\n" for each in requires)
    listed = "\n".join(f'"{file}"' for file in files)
    spec.write_text(SPEC.format(name=name, version=version, release=RELEASE, requires=needs, files=listed))
    built = work / "root"
    shutil.copytree(tree, built, symlinks=True, copy_function=os.link)
    macros = {**MACROS, "_topdir": str(work), "_rpmdir": str(work / "rpms"), "_dbpath": str(work / "db")}
    defined = [word for key, value in macros.items() for word in ("--define", f"{key} {value}")]
    run("rpmbuild", "-bb", "--nodeps", "--target", arch, "--buildroot", str(built), *defined, str(spec))
    (made,) = (work / "rpms").rglob("*.rpm")
    if signer is not None:
        named = ("--define", f"_gpg_name {signer.name}", "--define", f"__gpg {shutil.which('gpg')}")
        run("rpmsign", *named, "--addsign", str(made), env={"GNUPGHOME": str(signer.home)})
    repository.mkdir(exist_ok=True)
    return made.rename(repository / made.name)


def _is_packed(file: Path) -> bool:
    return file.is_symlink() or file.is_file() or not any(file.iterdir())


def qemu_tree(root: Path, into: Path) -> Path:
    """Copy the QEMU for x86_64 of a Debian root, as /usr/libexec/qemu-kvm, with all that it needs to run."""
    program = "/usr/bin/qemu-system-x86_64"
    loader = own_loader()
    bwrap = ("bwrap", "--ro-bind", str(root), "/", "--dev", "/dev", "--proc", "/proc", "--")
    listed = subprocess.run(
        [*bwrap, loader, "--list", program], capture_output=True, text=True, timeout=SECONDS, check=True
    )
    libraries = [word for line in listed.stdout.splitlines() for word in line.split() if word[0] == "/"]
    for file in {*libraries, loader}:
        _copy(inside(root, file), into / "usr" / file.removeprefix("/usr").removeprefix("/"))
    _copy(root / program.removeprefix("/"), into / "usr/libexec/qemu-kvm")
    for directory in ("usr/share/qemu", "usr/share/seabios"):
        shutil.copytree(root / directory, into / directory, symlinks=True)
    for link in ("lib", "lib64", "bin"):
        (into / link).symlink_to(f"usr/{link}")
    for directory in ("dev", "proc", "tmp", "run", "etc", "usr/bin"):
        (into / directory).mkdir(parents=True)
    return into


def _copy(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, to)


def index(repository: Path, signer: Signer | None = None) -> None:
    """Make the list of the packages in `repository`, signed by `signer`."""
    run("createrepo_c", "--quiet", str(repository))
    if signer is not None:
        data = str(repository / "repodata/repomd.xml")
        run("gpg", "--homedir", str(signer.home), "--batch", "--yes", "--armor", "--detach-sign", data)


def build_of(repository: Path, signer: Signer, *packages: str, signed: str = "packages") -> RpmBuild:
    """The build of these packages from that repository, with the key of `signer`."""
    described = RpmRepository.model_validate(
        {"baseurl": str(repository), "gpgkey": str(signer.public), "signed": signed}
    )
    return RpmBuild(
        kind="rpm",
        repositories=(described,),
        packages=dict.fromkeys(packages, f"{VERSION}-{RELEASE}"),
        releasever="1",
        architecture=OWN,
    )
