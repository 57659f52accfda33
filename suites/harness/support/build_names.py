# SPDX-License-Identifier: Apache-2.0
"""Names of devices, CPU models and machine types of the builds in matrix.yaml, for tests without a build.

`.venv/bin/python -m suites.harness.support.build_names BUILD…` asks these builds, all of them by default, and
adds their names to the file: archives drop old versions, but a policy may still speak of what they had.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from fixtures.arguments import CommandLine
from fixtures.builds.build import open_build
from fixtures.machine.probe import probed
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE
from fixtures.sweep.device_models import cpu_models, device_models

FILE = Path(__file__).with_name("build_names.json")
Names = Mapping[str, Mapping[str, list[str]]]
"""By architecture: `device`, `cpu` and `machine`, each sorted, of all builds together."""


def build_names() -> Names:
    """The recorded names."""
    names: Names = json.loads(FILE.read_text())
    return names


def main() -> None:
    """Ask the builds; those that are not in the cache are fetched."""
    parser = CommandLine(description="Record the names that builds list.")
    parser.add_argument("builds", nargs="*", metavar="BUILD")
    parser.add_argument("--matrix", type=Path, default=MATRIX_FILE)
    given = parser.parse_args()
    matrix = load_matrix(given.matrix)
    found = {
        arch: {kind: set(names) for kind, names in kinds.items()} for arch, kinds in build_names().items()
    }
    for name in given.builds or matrix.builds:
        build = open_build(matrix, name)
        for arch, names in found.items():
            models, probe = device_models(build, arch), probed(build, arch)
            names["device"].update(name for model in models for name in (model.name, model.alias))
            names["cpu"].update((*cpu_models(build, arch), *probe.cpu_models))
            names["machine"].update(
                name or "" for each in probe.machine_types for name in (each.name, each.alias)
            )
    kept = {
        arch: {kind: sorted(those - {""}) for kind, those in kinds.items()} for arch, kinds in found.items()
    }
    FILE.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
