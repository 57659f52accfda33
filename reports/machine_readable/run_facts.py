# SPDX-License-Identifier: Apache-2.0
"""Facts of a run as names and values, for Allure's environment and JUnit's properties."""

from __future__ import annotations

from fixtures.outcome.outcome import BuildInfo, RunResult
from reports.why import judged_words, remarks
from reports.words import accelerators_of


def run_facts(run: RunResult) -> dict[str, str]:
    """Verdict, builds with their QEMU and accelerator, command, seed and host; unknown facts are left out."""
    facts: dict[str, str | None] = {"verdict": str(run.verdict), "judged": judged_words(run)}
    facts |= {"remarks": " ".join(remarks(run))}
    for role, build in (("old", run.old), ("new", run.new)):
        facts |= {f"{role}.{key}": value for key, value in _build_facts(run, build).items()}
    facts |= {"started": run.started, "command": run.command, "seed": run.seed}
    facts |= {f"host.{key}": value for key, value in sorted(run.host.items())}
    return {name: value for name, value in facts.items() if value}


def _build_facts(run: RunResult, build: BuildInfo) -> dict[str, str | None]:
    return {
        "build": build.name,
        "qemu": build.qemu,
        "package": build.package,
        "libvirt": build.libvirt,
        "accelerator": accelerators_of(build, run.cells),
        "notes": "; ".join(build.notes),
    }
