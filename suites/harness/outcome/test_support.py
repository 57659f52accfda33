# SPDX-License-Identifier: Apache-2.0
"""Tests that a policy decides which failures count against an update."""

from __future__ import annotations

import pytest

from fixtures.evidence.harm import Harm
from fixtures.matrix.support import HARMS, TIERS, Support, load_support, policy_names
from fixtures.outcome.findings import findings
from fixtures.outcome.judged import verdict_of
from fixtures.outcome.outcome import CellResult, Outcome, Verdict
from fixtures.outcome.support import facts, place_in_tiers
from suites.harness.support.report_samples import make_swept


def failed(subject: str, harm: Harm | None, outcome: Outcome = Outcome.REGRESSION) -> CellResult:
    """A swept cell that counts if every guest counts."""
    cell = make_swept("pc-q35-7.2", subject, outcome)
    cell.harm = harm
    return cell


def placed(policy: str, *cells: CellResult) -> list[CellResult]:
    """The cells with their tiers by a shipped policy."""
    place_in_tiers(load_support(policy), cells)
    return list(cells)


def test_harms_of_policies_are_those_of_failures() -> None:
    """Lose this and a policy cannot name a harm that the suite measures."""
    assert tuple(HARMS) == tuple(Harm)


@pytest.mark.parametrize(
    "subject, harm, tier, counts",
    [
        ("device:virtio-net-pci", Harm.LOST, "supported", True),
        ("device:virtio-net-pci", Harm.CHANGED, "supported", True),
        ("sees:e1000e", Harm.CHANGED, "supported", True),
        ("queues:virtio-scsi-pci", Harm.CHANGED, "supported", True),
        ("device:am53c974", Harm.STRANDED, "best-effort", False),
        ("device:am53c974", Harm.LOST, "best-effort", True),
        ("device:am53c974", None, "best-effort", True),
        ("acpi-tables", Harm.CHANGED, "unsupported", False),
        ("alias:q35", Harm.CHANGED, "unsupported", False),
        ("cpu:host", Harm.CHANGED, "unsupported", False),
        ("cpu:host", Harm.LOST, "supported", True),
        ("device:sga", Harm.STRANDED, "supported", True),
        ("cpu:pentium2", Harm.STRANDED, "best-effort", False),
        ("cpu:Skylake-Server", Harm.STRANDED, "supported", True),
        ("machine", Harm.STRANDED, "supported", True),
        ("firmware:ovmf-2m", Harm.STRANDED, "supported", True),
        ("firmware:ovmf-bios", Harm.STRANDED, "best-effort", False),
        ("firmware:ovmf-bios", Harm.LOST, "best-effort", True),
    ],
)
def test_field_policy_weighs_what_managers_give(
    subject: str, harm: Harm | None, tier: str, counts: bool
) -> None:
    """Lose this and a device that nobody has makes an update unsafe, or a lost guest makes none."""
    (cell,) = placed("field", failed(subject, harm))
    assert (cell.tier, cell.counts) == (tier, counts)
    assert cell.tier_reason


@pytest.mark.parametrize(
    "subject, firmware",
    [
        ("idle-bare-1vcpu-uefi", "ovmf-4m"),
        ("idle-bare-1vcpu-reboots", "seabios"),
        ("firmware:ovmf-secboot-2m", "ovmf-secboot-2m"),
        ("device:e1000", "seabios"),
    ],
)
def test_rules_about_firmware_see_that_of_the_guest(subject: str, firmware: str) -> None:
    """Lose this and a policy that is about UEFI guests applies to others."""
    assert facts(make_swept("pc-q35-7.2", subject))["firmware"] == firmware


def test_deprecated_machine_type_does_not_count() -> None:
    """Lose this and every update is unsafe that removes a machine type as QEMU has announced."""
    cell = failed("machine", Harm.STRANDED, Outcome.REMOVED)
    cell.reason = (
        "the new build no longer has machine type pc-q35-2.4, which the old build marks as deprecated"
    )
    assert not placed("field", cell)[0].counts


@pytest.mark.parametrize("harm", [None, *Harm])
def test_everything_counts_by_its_policy(harm: Harm | None) -> None:
    """Lose this and nobody can ask what an update breaks for any guest at all."""
    assert placed("everything", failed("device:am53c974", harm))[0].counts


def test_verdict_is_safe_if_no_failure_counts() -> None:
    """Lose this and a policy changes the words of a report, but not its verdict."""
    cells = [failed("device:am53c974", Harm.STRANDED), make_swept("pc-q35-7.2", "device:e1000")]
    assert verdict_of(placed("everything", *cells)) is Verdict.UNSAFE
    assert verdict_of(placed("field", *cells)) is Verdict.SAFE


def test_a_pass_is_never_excused() -> None:
    """Lose this and reports call a guest that moved an excused failure."""
    (cell,) = placed("field", make_swept("pc-q35-7.2", "device:am53c974"))
    assert (cell.excused, cell.counts) == (False, False)


def test_one_cause_is_two_findings_if_it_counts_for_some_guests_only() -> None:
    """Lose this and a defect of a supported device hides among devices that nobody has."""
    cells = placed("field", failed("device:am53c974", Harm.STRANDED), failed("device:e1000", Harm.STRANDED))
    found = findings(cells)
    assert [(each.counts, each.tier) for each in found] == [(True, "supported"), (False, "best-effort")]


@pytest.mark.parametrize("name", policy_names())
def test_shipped_policies_give_reasons(name: str) -> None:
    """Lose this and a reader cannot see why a failure does not count."""
    support = load_support(name)
    assert support.name == name
    assert all(rule.reason and rule.tier in TIERS for rule in support.rules)


def test_first_rule_that_matches_wins() -> None:
    """Lose this and an exception above a general rule has no effect."""
    rules = ({"match": {"device": "e1000"}, "tier": "unsupported", "reason": "none"},)
    support = Support.model_validate(
        {
            "name": "own",
            "rules": (*rules, {"match": {"device": "*"}, "tier": "supported", "reason": "all"}),
            "default": {"tier": "supported", "reason": "rest"},
            "counts": {"supported": ("lost",)},
        }
    )
    tiers = [support.of(facts(failed(f"device:{name}", None))).tier for name in ("e1000", "igb")]
    assert tiers == ["unsupported", "supported"]
