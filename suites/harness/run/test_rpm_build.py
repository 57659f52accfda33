# SPDX-License-Identifier: Apache-2.0
"""A build of kind `rpm`, from a repository that the test makes of Debian's QEMU, to a verdict."""

import shutil
from pathlib import Path

import pytest

from fixtures.builds.build import open_build
from fixtures.run.executing import pair_under_test_of
from suites.harness.support.rpm_repository import (
    PROGRAMS,
    RELEASE,
    VERSION,
    index,
    make_package,
    make_signer,
    qemu_tree,
)
from suites.harness.support.seeded_run import RUN_SECONDS, copy_of_checkout, run_seeded

pytestmark = [
    pytest.mark.x86_64,
    pytest.mark.seeded,
    pytest.mark.timeout(RUN_SECONDS),
    pytest.mark.skipif(
        any(shutil.which(program) is None for program in PROGRAMS), reason="needs dnf, rpm and createrepo-c"
    ),
]
QEMU, BUILD = "qemu-kvm-core", "of-rpm-packages"
ENTRY = """\
  {name}:
    kind: rpm
    repositories: [{{baseurl: {repository}, gpgkey: {key}}}]
    packages: {{{package}: {version}}}
    releasever: "1"
"""


def test_rpm_build_is_qualified(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and an rpm that a user names in matrix.yaml is never started."""
    right = open_build(pair_under_test_of(request.config).matrix, "debian-13")
    ours, repository = make_signer(tmp_path / "keys", "ours"), tmp_path / "repository"
    make_package(repository, QEMU, qemu_tree(right.sandbox.root, tmp_path / "tree"), signer=ours)
    index(repository)
    given = Path(request.config.getoption("--matrix")).read_text()
    version = f"{VERSION}-{RELEASE}"
    entry = ENTRY.format(name=BUILD, repository=repository, key=ours.public, package=QEMU, version=version)
    matrix = tmp_path / "matrix.yaml"
    matrix.write_text(given.replace("\nbuilds:\n", f"\nbuilds:\n{entry}", 1))
    monkeypatch.setenv("HOTPATCH_CACHE", str(tmp_path / "cache"))
    words = (
        "suites/compat/test_sweeps.py",
        "--arch",
        "x86_64",
        "-n",
        "1",
        "--subject",
        "pc-q35-10.0/machine",
    )
    run = run_seeded(copy_of_checkout(tmp_path / "checkout"), matrix, BUILD, BUILD, words, kvm_works=False)
    assert run.verdict, run.said[-3000:]
    assert [cell["outcome"] for cell in run.verdict["cells"]] == ["pass"], run.said[-3000:]
    assert run.verdict["verdict"] == "safe"
    assert run.verdict["new"]["package"] == f"{QEMU} {version}"
