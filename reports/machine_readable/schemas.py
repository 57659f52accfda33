# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of matrix.yaml, waivers and verdict.json; `python -m reports.machine_readable.schemas`."""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import TypeAdapter

from fixtures.matrix.schema import Matrix
from fixtures.matrix.waivers import Waivers
from fixtures.places import REPORTS
from reports.files import write_atomically
from reports.machine_readable.verdict_types import VerdictData

SCHEMAS = REPORTS / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Each schema by the name of its file."""
    matrix = Matrix.model_json_schema(by_alias=True)
    verdict = TypeAdapter(VerdictData).json_schema()
    return {
        "matrix.schema.json": {"$schema": DIALECT, **matrix},
        "verdict.schema.json": {"$schema": DIALECT, **verdict},
        "waivers.schema.json": {"$schema": DIALECT, **Waivers.model_json_schema()},
    }


def text_of(schema: dict[str, Any]) -> str:
    """The text of a schema file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write all of them."""
    for name, schema in schemas().items():
        write_atomically(SCHEMAS / name, text_of(schema))
    return 0


if __name__ == "__main__":
    sys.exit(main())
