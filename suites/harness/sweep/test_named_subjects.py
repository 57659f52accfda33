# SPDX-License-Identifier: Apache-2.0
"""Is a `--subject` that matches nothing found before anything runs?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UsageError
from fixtures.run.executing import pair_under_test_of
from fixtures.sweep.named_subjects import demand_named
from suites.harness.support.sample_checkout import sample_checkout

SWEEPS = "import pytest\n@pytest.mark.sweep('cpus')\ndef test_sweeps(sweep):\n    print('it ran')\n"
LISTS_ONE = """
from types import SimpleNamespace
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.sweep import named_subjects
PairUnderTest.prepare = lambda *_: None
PairUnderTest.old = SimpleNamespace(name="debian-12", programs={"x86_64": ""})
named_subjects.LISTED = {"cpu": ("CPU model", lambda *_: ["qemu64"])}
"""


@pytest.mark.parametrize(
    "glob,words",
    [
        ("device:nonesuch*", "has no device that matches 'nonesuch*'"),
        ("pc-q35-7.2/device:nonesuch", "has no device that matches 'nonesuch'"),
        ("cpu:Nonesuch", "has no CPU model that matches 'Nonesuch'"),
    ],
)
def test_name_that_the_old_build_lacks_is_an_error(
    glob: str, words: str, request: pytest.FixtureRequest
) -> None:
    """Lose this and minutes of guests run before a message says that the name matches nothing."""
    with pytest.raises(UsageError) as refused:
        demand_named(glob, pair_under_test_of(request.config).old, ["x86_64"])
    assert str(refused.value).startswith(f"--subject {glob}: build ")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "glob",
    [
        None,
        "device:e1000*",
        "pc*/device:virtio-net-pci",
        "cpu:*",
        "*:e*",
        "random:7",
        "endpoint:nonesuch",
        "pc-q35-*/machine",
    ],
)
def test_name_that_may_match_is_no_error(glob: str | None, request: pytest.FixtureRequest) -> None:
    """Lose this and a subject cannot be run again by itself."""
    demand_named(glob, pair_under_test_of(request.config).old, ["x86_64"])


def test_nothing_is_said_of_a_build_without_that_qemu() -> None:
    """Lose this and cells that would be `unsupported` end the run."""
    lacking: Any = type("Lacking", (), {"programs": {}, "name": "old"})
    demand_named("device:e1000", lacking, ["x86_64"])


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_run_with_such_a_subject_ends_before_its_first_test(workers: str, tmp_path: Path) -> None:
    """Lose this and nothing asks what the old build has, or a run that tests nothing leaves a report."""
    made = sample_checkout(tmp_path, {"compat/test_x.py": SWEEPS, "conftest.py": LISTS_ONE})
    pair = ("--arch=x86_64", "--old=debian-12", "--new=debian-13")
    said = made.pytest("suites", *pair, "--subject=cpu:Foo", "-s", workers)
    assert said.status == 2
    assert "--subject cpu:Foo: build debian-12 has no CPU model that matches 'Foo'\n" in said.text
    assert "it ran" not in said.text
    assert not list((made.root / "reports").glob("r*uns/*"))
