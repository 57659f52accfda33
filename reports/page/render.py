# SPDX-License-Identifier: Apache-2.0
"""How pages are made of the templates beside this file."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fixtures.printable import printable
from reports import words

_TEMPLATES = Path(__file__).parent / "templates"


def environment() -> Environment:
    """Templates that escape what they are given, and stumble over what they are not."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Exactly str: what is Markup or an enum already is what it has to be.
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    made.filters |= {"ms": words.ms, "seconds": words.seconds}
    made.globals |= {"count": words.count}
    return made
