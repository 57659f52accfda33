# SPDX-License-Identifier: Apache-2.0
"""Which cells a test gets, and what is wrong with tests that get the same."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.matrix.promises import promise
from fixtures.run.collecting import LONG_SECONDS, promises_of, put_in_order
from suites.harness.support.sample_checkout import SampleCheckout, sample_checkout

IMPORT = "import pytest\nfrom fixtures.matrix.promises import promise\n"
BODY = "(guest, hot_patch):\n    assert hot_patch().runs_on_new_build\n"
ASKED = '@promise("asked", path="qmp", mechanism="postcopy", version="newest-old")\n'
IDLE = '@pytest.mark.guest(profile="idle")\n'


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> SampleCheckout:
    """One test with a promise, and one about idle guests."""
    text = f"{IMPORT}{ASKED}def test_asked{BODY}{IDLE}def test_idle{BODY}"
    return sample_checkout(tmp_path_factory.mktemp("checkout"), {"hotpatch/test_x.py": text})


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> SampleCheckout:
    """One slow test with a promise, so a cell of each architecture."""
    text = f"{IMPORT}@pytest.mark.slow\n{ASKED}def test_asked{BODY}"
    return sample_checkout(tmp_path_factory.mktemp("slow"), {"hotpatch/test_x.py": text})


@pytest.fixture(scope="module")
def collected(checkout: SampleCheckout) -> list[str]:
    """All tests of the checkout."""
    return checkout.collect("-m", "slow or not slow").tests


def test_test_gets_the_cell_of_its_promise(collected: list[str]) -> None:
    """Lose this and a test of one promise runs on every guest of the matrix."""
    asked = [test for test in collected if "test_asked" in test]
    ends = [test.partition("newest-old-")[2] for test in asked]
    assert ends == ["qmp-postcopy-idle-bare-1vcpu-asked]"] * 2


def test_test_about_a_guest_gets_the_cells_of_that_guest(collected: list[str]) -> None:
    """Lose this and the test of idle guests runs on busy ones, or on the guests of promises."""
    idle = [test for test in collected if "test_idle" in test]
    assert len(idle) > 10
    assert all("-idle-" in test and not test.endswith("asked]") for test in idle)


def test_promises_are_read_in_written_order() -> None:
    """Lose this and the order of cells depends on how pytest keeps its markers."""
    first, second = (promise(name, path="qmp", mechanism="precopy") for name in ("first", "second"))

    class Test:
        nodeid = "test_x.py::test"

        def iter_markers(self, name: str) -> list[pytest.Mark]:
            return [getattr(pytest.mark, name)(each).mark for each in (second, first)]

    assert promises_of(Test()) == [first, second]  # type: ignore[arg-type]


def test_bare_marker_is_refused(tmp_path: Path) -> None:
    """Lose this and a promise without its guest is collected as a test of everything."""
    text = f'{IMPORT}@pytest.mark.promise("asked")\ndef test_asked{BODY}'
    said = sample_checkout(tmp_path, {"hotpatch/test_x.py": text}).collect()
    assert said.status == 2
    assert "declare a promise with the decorator of fixtures.matrix.promises" in said.text
    assert "Traceback" not in said.text


def test_two_tests_about_one_cell_are_refused(tmp_path: Path) -> None:
    """Lose this and the result of one test hides that of the other."""
    text = f"{IMPORT}{ASKED}def test_one{BODY}{ASKED}def test_other{BODY}"
    said = sample_checkout(tmp_path, {"hotpatch/test_x.py": text}).collect()
    assert said.status == 2
    assert "two tests are about the cell hotpatch/x86_64-q35.newest-old-qmp-postcopy" in said.text


def test_unknown_cell_ends_a_run_with_workers(checkout: SampleCheckout) -> None:
    """Lose this and a misspelt cell ends a run only after minutes, or with a message about a worker."""
    (checkout.root / "cells").write_text("x86_64-nothing\n")
    said = checkout.pytest("-n1", "--cells=cells")
    assert said.status == 2
    assert "preparing builds" not in said.text
    assert "cells, line 1: no test has the id 'x86_64-nothing'" in said.text
    assert "what to do: take ids" in said.text


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_selection_of_slow_tests_only_is_explained(workers: str, slow: SampleCheckout) -> None:
    """Lose this and a user who selects cells by words is not shown that they exist."""
    said = slow.pytest("-k=x86_64", workers)
    assert said.status == 2
    assert "add `-m slow` or name a test by its whole id: what matches is `slow` (1 test)" in said.text


def test_slow_tests_keep_the_users_markers(slow: SampleCheckout) -> None:
    """Lose this and the command that a message proposes runs every slow test."""
    said = slow.pytest("-m=hotpatch or life")
    assert 'add `-m "(hotpatch or life) and slow"`' in said.text
    assert "(2 tests)" in said.text


def test_unknown_mechanism_of_a_promise_is_refused(tmp_path: Path) -> None:
    """Lose this and a slip in a promise is reported as a mechanism that both builds lack."""
    text = f"{IMPORT}{ASKED.replace('postcopy', 'postcop')}def test_asked{BODY}"
    said = sample_checkout(tmp_path, {"hotpatch/test_x.py": text}).collect()
    assert said.status == 2
    assert "@promise('asked'): unknown mechanism 'postcop'" in said.text
    assert "did you mean postcopy?" in said.text


@pytest.mark.parametrize(
    "marks, swept",
    [("compat and kvm", True), ("compat and not kvm", False), ("compat", False), ("compat and slow", True)],
)
def test_sweeps_under_kvm_run_by_hand_without_slow(marks: str, swept: bool, tmp_path: Path) -> None:
    """Lose this and `-m "compat and kvm"` selects nothing, or default runs sweep under KVM too."""
    text = '@pytest.mark.sweep("machines")\ndef test_sweep(sweep):\n    assert sweep\n'
    tests = sample_checkout(tmp_path, {"compat/test_x.py": f"{IMPORT}{text}"}).collect("-m", marks).tests
    assert any("x86_64-kvm-machines" in test for test in tests) is swept


@pytest.mark.parametrize(
    "marks, imported",
    [("not life", False), ("qmp and not life", False), ("not (life)", True), ("not life or qmp", True)],
)
def test_suite_without_selected_tests_is_not_imported(marks: str, imported: bool, tmp_path: Path) -> None:
    """Lose this and each worker of a run of 118 tests first imports thousands of others, for seconds."""
    files = {"life/test_x.py": "raise OSError('imported')\n", "hotpatch/test_x.py": "def test_one(): pass\n"}
    said = sample_checkout(tmp_path, files).collect("-m", marks)
    assert ("imported" in said.text) is imported


def test_quick_run_leaves_out_what_judges_no_update(checkout: SampleCheckout) -> None:
    """Lose this and `--quick` takes minutes for the suite's own tests, or tries every promise."""
    assert checkout.collect("--quick", "-k", "test_asked").tests == []


def test_field_guests_come_first() -> None:
    """Lose this and whoever watches a run waits for the guests that most users have."""
    marked = {"a": False, "b": True, "c": False, "d": True}
    items: list[Any] = [
        SimpleNamespace(nodeid=name, get_closest_marker=lambda _marker, field=field: field or None)
        for name, field in marked.items()
    ]
    put_in_order(items, dict.fromkeys(marked, 1.0))
    assert [item.nodeid for item in items] == ["b", "d", "a", "c"]


def test_long_tests_come_before_short_ones() -> None:
    """Lose this and all workers but one wait for the last test of a run."""
    seconds = {"a": 5.0, "b": LONG_SECONDS, "c": 1.0, "d": 300.0}
    items: list[Any] = [
        SimpleNamespace(nodeid=name, get_closest_marker=lambda _marker: None) for name in seconds
    ]
    put_in_order(items, seconds)
    assert [item.nodeid for item in items] == ["b", "d", "a", "c"]
