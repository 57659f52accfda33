# SPDX-License-Identifier: Apache-2.0
"""What a night runs."""

from __future__ import annotations

from pathlib import Path

from fixtures.nightly.night import SELECTION
from fixtures.places import ROOT
from suites.harness.support.sample_checkout import sample_checkout

TEST = """
from fixtures.matrix.promises import promise

def about(aspect, **more):
    return promise(aspect, path="qmp", mechanism="precopy", slow=True, **more)

@about("kvm-clock", needs_kvm=True)
@about("long-after")
def test_guest(guest): pass
"""


def test_night_has_all_that_is_about_kvm(tmp_path: Path) -> None:
    """Lose this and most cells under KVM never run, or a night runs the full product."""
    said = sample_checkout(tmp_path, {"life/test_x.py": TEST}).collect(*SELECTION)
    assert len(said.tests) == 2, said.text
    assert all(test.endswith("-kvm-clock]") for test in said.tests)


def test_each_machine_of_a_night_runs_the_same() -> None:
    """Lose this and CI leaves out what `make nightly` runs."""
    assert f"-m '{SELECTION[-1]}'" in (ROOT / ".ci/shard").read_text()
