# SPDX-License-Identifier: Apache-2.0
"""What a proxy did to one stream."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Done:
    """A protocol for the evidence of a run."""

    fields: list[str] = field(default_factory=list)
    """Fields that have other bytes now: section and path."""
    without_effect: list[str] = field(default_factory=list)
    """Fields that had these bytes before."""
    unused: list[str] = field(default_factory=list)
    """Changes that apply to no field."""
    words: int = 0
    """How many words of the device state were replaced."""
    pages: Counter[str] = field(default_factory=Counter)
    """How often each kind of change was made to a page."""
    bytes_sent: int = 0
    errors: list[str] = field(default_factory=list)
    """Why a channel ended before its end: cut by a rule, not understood, or closed by a side."""
