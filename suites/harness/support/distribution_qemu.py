# SPDX-License-Identifier: Apache-2.0
"""A build as distributions make it: machine types with names of their own, no libslirp, QEMU elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add
from pathlib import Path

from fixtures.builds.build import KVM_PROGRAMS, USUAL_PROGRAMS, inside
from suites.harness.support.wrong_builds import Wrong, does, make_wrong

NO_BACKEND = "user-without-libslirp"


def renamed(names: Mapping[str, str]) -> Wrong:
    """These machine types have other names, also on the command line and in QMP commands."""
    ways = [
        does("replace-in-output", upstream, own)
        + does("replace-in-argument", own, upstream)
        + does("replace-in-command", own, upstream)
        for upstream, own in names.items()
    ]
    return reduce(add, ways)


def without_slirp() -> Wrong:
    """QEMU refuses `-netdev user` and `netdev_add`, with the error that it has for an unknown backend."""
    return does("replace-in-argument", "user", NO_BACKEND) + does("replace-in-command", "user", NO_BACKEND)


def make_distribution(right: Path, into: Path, names: Mapping[str, str]) -> Path:
    """Make `into` a copy of the root `right` whose only QEMU is /usr/libexec/qemu-kvm, with these types."""
    make_wrong(right, renamed(names) + without_slirp(), into)
    usual = inside(into, USUAL_PROGRAMS["x86_64"])
    kvm = into / KVM_PROGRAMS[0].removeprefix("/")
    kvm.parent.mkdir(parents=True, exist_ok=True)
    for file in usual.parent.glob(f"{usual.name}*"):
        file.rename(kvm.with_name(file.name.replace(usual.name, kvm.name)))
    for library in usual.parent.glob("*.so"):
        library.rename(kvm.with_name(library.name))
    for program in USUAL_PROGRAMS.values():
        inside(into, program).unlink(missing_ok=True)
    return into
