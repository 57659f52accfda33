# SPDX-License-Identifier: Apache-2.0
"""Each glob of a shipped policy matches something that the builds or the suite know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache

import pytest

from fixtures.matrix.cell_ids import cell_named
from fixtures.matrix.firmwares import FIRMWARES
from fixtures.matrix.names import ARCHES, FAMILIES, Arch
from fixtures.matrix.support import Rule, Support, load_support, policy_names
from reports.sentences.guests import SWEPT_KINDS
from suites.harness.support.build_names import build_names
from suites.harness.support.docs_selections import collected

ACCELERATORS = ("tcg", "kvm", "kvm on an emulated host")
FIRMWARE = ("slof", "vof", *(firmware.name for firmware in FIRMWARES))
ALL_MACHINES = "all"
"""The machine type of a cell that is about all of them."""
NAMED_KINDS = {
    "device": ("device", "sees", "queues", "boots-from"),
    "cpu": ("cpu", "cpu-features", "cpuid"),
    "machine": ("alias",),
}
"""Kinds of swept subjects that have a name of the builds after a colon."""


@cache
def booted_subjects() -> frozenset[str]:
    """The subjects of all cells whose guests boot."""
    tests = collected("--ignore=suites/harness")
    cells = (cell_named(test.nodeid.partition("[")[2].removesuffix("]")) for test in tests)
    return frozenset(cell.subject for cell in cells if cell is not None)


@cache
def known(arch: Arch) -> Mapping[str, frozenset[str]]:
    """What a cell of this architecture can have, by key of a rule's `match`."""
    names = build_names()[arch]
    swept = {f"{kind}:{name}" for of, kinds in NAMED_KINDS.items() for kind in kinds for name in names[of]}
    swept |= {f"firmware:{name}" for name in FIRMWARE}
    return {
        "accelerator": frozenset(ACCELERATORS),
        "machine": frozenset((*names["machine"], *FAMILIES[arch], ALL_MACHINES)),
        "device": frozenset(names["device"]),
        "cpu": frozenset(names["cpu"]),
        "firmware": frozenset(FIRMWARE),
        "subject": booted_subjects() | SWEPT_KINDS | swept,
    }


def unknown(rules: Iterable[Rule]) -> Iterator[str]:
    """`rules[3]: device 'virtio-blok*'`: the globs that match nothing on any architecture of their rule."""
    for number, rule in enumerate(rules):
        archs = rule.match.arch or ARCHES
        for key in ("accelerator", "machine", "device", "cpu", "firmware", "subject"):
            for glob in getattr(rule.match, key) or ():
                if not any(fnmatchcase(name, glob) for arch in archs for name in known(arch)[key]):
                    yield f"rules[{number}]: {key} {glob!r}"


@pytest.mark.parametrize("name", policy_names())
def test_globs_of_a_shipped_policy_match_something(name: str) -> None:
    """Lose this and a slip in a rule leaves guests of the field without support, and nobody notices."""
    assert list(unknown(load_support(name).rules)) == []


@pytest.mark.parametrize(
    "match, wrong",
    [
        ({"device": ("virtio-blk*", "virtio-blok*")}, ["rules[0]: device 'virtio-blok*'"]),
        ({"arch": ("x86_64",), "device": ("spapr-vlan",)}, ["rules[0]: device 'spapr-vlan'"]),
        ({"machine": ("pc-q53-*",)}, ["rules[0]: machine 'pc-q53-*'"]),
        ({"cpu": ("Nehalen*",)}, ["rules[0]: cpu 'Nehalen*'"]),
        ({"subject": ("acpi-table",)}, ["rules[0]: subject 'acpi-table'"]),
        (
            {"firmware": ("sebios",), "accelerator": ("xen",)},
            ["rules[0]: accelerator 'xen'", "rules[0]: firmware 'sebios'"],
        ),
        ({"subject": ("*-reboots", "alias:q35", "queues:virtio-blk-pci")}, []),
    ],
)
def test_glob_that_matches_nothing_is_found(match: Mapping[str, object], wrong: list[str]) -> None:
    """Lose this and the test above proves nothing."""
    policy = Support.model_validate(
        {
            "name": "own",
            "rules": ({"match": match, "tier": "supported", "reason": "x"},),
            "default": {"tier": "supported", "reason": "x"},
            "counts": {},
        }
    )
    assert list(unknown(policy.rules)) == wrong
