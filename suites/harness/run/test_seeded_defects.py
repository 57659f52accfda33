# SPDX-License-Identifier: Apache-2.0
"""Proof of the suite itself: each defect that is put into a build on purpose is found, named and blamed."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from fixtures.builds.build import open_build
from fixtures.cache import cache_root
from fixtures.errors import Unsupported
from fixtures.hosts.attempt_dir import attempt_dir
from fixtures.matrix.build_specs import DebianBuild
from fixtures.qualify.memory import free_huge_pages
from fixtures.run.executing import pair_under_test_of
from suites.harness.support.all_seeds import SEEDED
from suites.harness.support.seeded_run import (
    FOUND_PROPERTY,
    RUN_SECONDS,
    SeededRun,
    copy_of_checkout,
    run_seeded,
)
from suites.harness.support.seeded_table import false_alarm, row
from suites.harness.support.seeds import SeededBuild
from suites.harness.support.seeds_at_rest import OTHER_PSERIES
from suites.harness.support.tamper.rules import Order, write_orders
from suites.harness.support.wrong_builds import Wrong, lacks, make_wrong, matrix_with

MOST_RUNS = 3
"""A test makes so many runs at most; each has its own limit of time."""
pytestmark = [pytest.mark.x86_64, pytest.mark.seeded, pytest.mark.timeout(MOST_RUNS * RUN_SECONDS)]

COUNT_AGAINST = frozenset({"regression", "defect-new", "removed", "flaky"})
BLAMED = COUNT_AGAINST | {"error"}
WRONG = "wrong"
BEFORE = "debian-12-backports"
"""A correct build that starts the guest of a chain through the wrong one."""

Qualify = Callable[..., SeededRun]


@pytest.fixture
def qualify(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Qualify]:
    """Runs the real command over a build with defects and the correct build from which it was made."""
    under_test = pair_under_test_of(request.config)
    if not isinstance(under_test.matrix.build(under_test.pair.new), DebianBuild):
        pytest.skip("wrong builds are made of links to a build of the cache: give one of kind `debian`")
    # In the cache, because hard links must be on the file system of their file.
    numbers = count(1)
    with attempt_dir(cache_root()) as place:

        def qualified(
            wrong: Wrong,
            role: str,
            words: tuple[str, ...],
            orders: tuple[Order, ...] = (),
            *,
            right: str = under_test.pair.new,
            on_power: bool = False,
        ) -> SeededRun:
            number = next(numbers)
            correct = open_build(under_test.matrix, right)
            root = make_wrong(correct.sandbox.root, wrong, place / f"{WRONG}-{number}")
            power_root = None
            if on_power:
                try:
                    correct = open_build(under_test.matrix, right, host_arch="ppc64el")
                except Unsupported as error:
                    pytest.skip(str(error))
                into = place / f"{WRONG}-power-{number}"
                power_root = make_wrong(correct.sandbox.root, wrong, into, "ppc64le")
            given = Path(request.config.getoption("--matrix"))
            matrix = matrix_with(given, {WRONG: root}, place / f"matrix-{number}.yaml")
            old, new = (WRONG if role == each else right for each in ("old", "new"))
            if role == "through":
                old, words = BEFORE, (*words, f"--through={WRONG}")
            tampered = write_orders(orders, place / f"orders-{number}.json") if orders else None
            return run_seeded(
                copy_of_checkout(tmp_path / "checkout"),
                matrix,
                old,
                new,
                words,
                tampered,
                power_root=power_root,
                kvm_works=under_test.accelerator("x86_64") == "kvm",
                only_new_is_wrong=role == "new" and {order.target.build for order in orders} <= {WRONG},
            )

        yield qualified


@pytest.mark.parametrize(
    "build",
    [pytest.param(build, id=build.name, marks=[pytest.mark.slow] if build.slow else []) for build in SEEDED],
)
def test_seeded_defects_are_found(
    build: SeededBuild, qualify: Qualify, request: pytest.FixtureRequest
) -> None:
    """Lose this and the verdict `safe` proves nothing, because nothing shows what the suite can find."""
    if build.huge_pages > free_huge_pages():
        pytest.skip(f"too few free huge pages: `sysctl vm.nr_hugepages={build.huge_pages}` as root")
    right = build.right or pair_under_test_of(request.config).pair.new
    orders = build.orders(WRONG, right)
    run = qualify(build.wrong, build.role, build.select, orders, right=right, on_power=build.on_power)
    rows = [row(seed, run) for seed in build.seeds]
    for each in rows:
        request.node.user_properties.append((FOUND_PROPERTY, json.dumps(each)))
    assert not [each for each in rows if not each["found"]], run.said
    assert not _others_blamed(build, run)
    assert not [alarm for seed in build.seeds if (alarm := false_alarm(seed, run, right))]
    assert (run.status == 1) == any(seed.outcome in COUNT_AGAINST for seed in build.seeds)


FEW = ("suites/compat", "-k", "machines or (devices and not drivers)", "--subject", "*:e*")
FOUR_WAYS = "(precopy or ignore-shared or virtio) and not direct"
"""Of the cells that compare costs, one for each kind of mechanism; all of them take half an hour."""
ALL = ("suites/compat", "suites/hotpatch", "--short")


@pytest.mark.parametrize("selected", [FEW, pytest.param(ALL, marks=pytest.mark.slow)], ids=["few", "all"])
def test_build_against_itself_has_no_finding(selected: tuple[str, ...], qualify: Qualify) -> None:
    """Lose this and findings may come from the suite or from the stand-in for QEMU."""
    run = qualify(Wrong(), "new", (*selected, "--arch=x86_64"))
    assert not [cell for cell in run.verdict["cells"] if cell["outcome"] in BLAMED], run.said
    assert run.verdict["verdict"] == "safe", run.said


@pytest.mark.slow
def test_build_against_itself_costs_no_more(qualify: Qualify) -> None:
    """Lose this and a busy host makes each update a slow one."""
    run = qualify(Wrong(), "new", ("suites/cost", "--arch=x86_64", "-m", "slow or not slow", "-k", FOUR_WAYS))
    assert run.verdict["verdict"] == "safe", run.said


def test_second_run_names_exactly_what_is_new(qualify: Qualify) -> None:
    """Lose this and readers of the nightly report have to search for the new defect among the old ones."""
    old, new = OTHER_PSERIES.seeds
    lasting = lacks("pseries-6.0")
    first = qualify(lasting + old.wrong, "new", OTHER_PSERIES.select)
    second = qualify(lasting + new.wrong, "new", OTHER_PSERIES.select)
    assert first.verdict["changes"] is None
    for kind, seed in (("new", new), ("gone", old)):
        (finding,) = second.verdict["changes"][kind]
        assert [cell.endswith(seed.subject) for cell in finding["cells"]] == [True], second.said


def _others_blamed(build: SeededBuild, run: SeededRun) -> list[str]:
    """Cells with findings that belong to no seeded defect, with their reasons."""
    shown = {cell["id"] for seed in build.seeds if (cell := run.cell(seed.subject))}
    cells: list[dict[str, Any]] = run.verdict["cells"]
    others = [cell for cell in cells if cell["outcome"] in BLAMED and cell["id"] not in shown]
    return [f"{cell['id']}: {cell['outcome']}: {cell['reason']}" for cell in others]
