# SPDX-License-Identifier: Apache-2.0
"""The published JSON Schemas: of matrix.yaml for editors, of verdict.json for scripts."""

import pytest
from pydantic import TypeAdapter, ValidationError

from fixtures.outcome.outcome import Outcome
from fixtures.places import MATRIX_FILE
from reports.machine_readable.schemas import SCHEMAS, schemas, text_of
from reports.machine_readable.verdict_json import verdict_data
from reports.machine_readable.verdict_types import VerdictData
from suites.harness.support.report_samples import make_cell, make_run

VERDICT = TypeAdapter(VerdictData)


@pytest.mark.parametrize("name", sorted(schemas()))
def test_published_schema_is_up_to_date(name: str) -> None:
    """Lose this and editors and scripts check against an outdated schema."""
    published = (SCHEMAS / name).read_text()
    assert published == text_of(schemas()[name]), "run: .venv/bin/python -m reports.machine_readable.schemas"


def test_verdict_keeps_to_its_schema() -> None:
    """Lose this and verdict.json does not match its published schema."""
    data = verdict_data(make_run(make_cell(), make_cell(1, Outcome.REGRESSION)))
    VERDICT.validate_python(data)
    assert data.keys() == VerdictData.__annotations__.keys()


def test_schema_rejects_missing_keys() -> None:
    """Lose this and the schema accepts anything."""
    data = verdict_data(make_run(make_cell(), make_cell(1, Outcome.REGRESSION)))
    del data["cells"][0]["outcome"]
    with pytest.raises(ValidationError, match="outcome"):
        VERDICT.validate_python(data)


def test_editors_find_the_schema_of_the_matrix() -> None:
    """Lose this and editors do not report a wrong key while it is typed."""
    assert "$schema=reports/schemas/matrix.schema.json" in MATRIX_FILE.read_text().splitlines()[1]
    assert (MATRIX_FILE.parent / "reports/schemas/matrix.schema.json").is_file()
