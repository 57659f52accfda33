# SPDX-License-Identifier: Apache-2.0
"""How pages are made from the templates in `templates/`."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fixtures.printable import count, printable
from reports import words

_TEMPLATES = Path(__file__).parent / "templates"


def environment() -> Environment:
    """Templates with escaping of all values; a value that is missing is an error."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Only plain str: Markup and enums need no conversion.
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    made.filters |= {"ms": words.ms, "seconds": words.seconds}
    made.globals |= {"count": count}
    return made
