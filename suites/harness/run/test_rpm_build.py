# SPDX-License-Identifier: Apache-2.0
"""Builds of rpm packages, made of Debian's QEMU, from a repository and from a directory to a verdict."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures.builds.build import open_build
from fixtures.outcome.report_dirs import all_runs
from fixtures.run.executing import pair_under_test_of
from fixtures.run.run_plan import PACKAGES
from suites.harness.support.rpm_repository import (
    NEEDS_PROGRAMS,
    OWN,
    RELEASE,
    VERSION,
    index,
    make_package,
    make_signer,
    qemu_tree,
)
from suites.harness.support.seeded_run import RUN_SECONDS, SeededRun, copy_of_checkout, run_seeded

pytestmark = [
    pytest.mark.x86_64,
    pytest.mark.seeded,
    pytest.mark.timeout(RUN_SECONDS),
    NEEDS_PROGRAMS,
]
QEMU, BUILD = "qemu-kvm-core", "of-rpm-packages"
FIRST, NEXT_VERSION = f"{VERSION}-{RELEASE}", "10.0.14"
SUBJECT = "pc-q35-10.0/machine"
ENTRY = """\
  {name}:
    kind: rpm
    architecture: {arch}
    repositories: [{{baseurl: {repository}, gpgkey: {key}}}]
    packages: {{{package}: {version}}}
    releasever: "1"
"""


@dataclass(frozen=True)
class RpmPair:
    """A matrix file with a build of rpm packages, and what is needed to make more of them."""

    matrix: Path
    tree: Path
    """The files of its QEMU."""
    checkout: Path

    def qualify(self, new: str) -> SeededRun:
        """Sweep one machine type from that build to `new`."""
        words = ("suites/compat/test_sweeps.py", "--arch", "x86_64", "-n", "1", "--subject", SUBJECT)
        run = run_seeded(self.checkout, self.matrix, BUILD, new, words, kvm_works=False)
        assert run.verdict, run.said[-3000:]
        assert [cell["outcome"] for cell in run.verdict["cells"]] == ["pass"], run.said[-3000:]
        assert run.verdict["verdict"] == "safe"
        return run


@pytest.fixture
def pair(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RpmPair:
    """The QEMU of Debian 13 in a signed package, described in a matrix file."""
    right = open_build(pair_under_test_of(request.config).matrix, "debian-13")
    ours, repository = make_signer(tmp_path / "keys", "ours"), tmp_path / "repository"
    tree = qemu_tree(right.sandbox.root, tmp_path / "tree")
    make_package(repository, QEMU, tree, signer=ours)
    index(repository)
    given = Path(request.config.getoption("--matrix")).read_text()
    entry = ENTRY.format(
        name=BUILD, arch=OWN, repository=repository, key=ours.public, package=QEMU, version=FIRST
    )
    matrix = tmp_path / "matrix.yaml"
    matrix.write_text(given.replace("\nbuilds:\n", f"\nbuilds:\n{entry}", 1))
    monkeypatch.setenv("HOTPATCH_CACHE", str(tmp_path / "cache"))
    return RpmPair(matrix, tree, copy_of_checkout(tmp_path / "checkout"))


def test_rpm_build_is_qualified(pair: RpmPair) -> None:
    """Lose this and an rpm that a user names in matrix.yaml is never started."""
    assert pair.qualify(BUILD).verdict["new"]["package"] == f"{QEMU} {FIRST}"


def test_directory_of_rpm_files_is_qualified(pair: RpmPair, tmp_path: Path) -> None:
    """Lose this and an .rpm needs a signed repository and an entry in matrix.yaml before it can be tried."""
    rpm = make_package(tmp_path / "incoming", QEMU, pair.tree, version=NEXT_VERSION)
    run = pair.qualify(str(tmp_path / "incoming"))
    assert run.verdict["new"]["package"] == f"{QEMU} {NEXT_VERSION}-{RELEASE}"
    (report,) = all_runs(pair.checkout / "reports")
    recorded = json.loads((report / PACKAGES).read_text())[run.verdict["new"]["name"]]
    digest = hashlib.sha256(rpm.read_bytes()).hexdigest()
    assert recorded[QEMU] == {"version": f"{NEXT_VERSION}-{RELEASE}", "sha256": digest}
