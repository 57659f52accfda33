# SPDX-License-Identifier: Apache-2.0
"""What is known of fields beforehand: which are left out, why some are not noticed, and their classes.

`reasons.yaml` has it, by patterns of section and field in which only `*` is special.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from fixtures.errors import RigError

FILE = Path(__file__).parent / "reasons.yaml"
KEYS = dict.fromkeys(("section", "path", "reason")).keys()


@dataclass(frozen=True)
class Entry:
    """A reason for the fields that match."""

    section: str
    path: str
    reason: str

    def matches(self, section: str, path: str) -> bool:
        """Does it apply to this field?"""
        return _any_like([self.section], (section, *_names(section))) and _like(self.path, path)


@dataclass(frozen=True)
class Knowledge:
    """All of `reasons.yaml`."""

    left_out_entries: Sequence[Entry]
    unnoticed_entries: Sequence[Entry]
    """Of fields that no check notices."""
    classes: Mapping[str, Sequence[str]]
    """Class of devices, such as `timers`, by patterns of sections, or of sections and paths with a space."""
    running_entries: Sequence[Entry] = ()
    """Of fields that the checks of a running guest do not notice."""

    @classmethod
    def read(cls, path: Path = FILE) -> Knowledge:
        """Read the file. Raises :class:`RigError` if an entry has other keys than it should."""
        raw = YAML(typ="safe").load(path)
        return cls(
            _entries(raw["left_out"]),
            _entries(raw["unnoticed"]),
            raw["classes"],
            _entries(raw.get("running", [])),
        )

    def left_out(self, section: str, path: str) -> str | None:
        """Why this field is never changed; None if it is."""
        return _first(self.left_out_entries, section, path)

    def reason(self, section: str, path: str, *, running: bool = False) -> str | None:
        """Why no check, or none of a `running` guest, notices a change; None if it is not known."""
        reason = _first(self.unnoticed_entries, section, path)
        return reason or (_first(self.running_entries, section, path) if running else None)

    def class_of(self, section: str, path: str = "") -> str:
        """The class of a field's device; `others` if it is in none."""
        names = _names(section)
        texts = (*names, *(f"{name} {path}" for name in names))
        named = (name for name, likes in self.classes.items() if _any_like(likes, texts))
        return next(named, "others")


def _names(section: str) -> tuple[str, str]:
    """A section's name without its instance, and without its device path too."""
    whole = section.partition("#")[0]
    return whole, whole.rpartition("/")[2]


def _any_like(patterns: Iterable[str], texts: Sequence[str]) -> bool:
    return any(_like(pattern, text) for pattern in patterns for text in texts)


def _entries(raw: Sequence[Mapping[str, Any]]) -> tuple[Entry, ...]:
    for each in raw:
        if each.keys() != KEYS:
            raise RigError(f"{FILE.name}: an entry has the keys {', '.join(each)}, not {', '.join(KEYS)}")
    return tuple(Entry(each["section"], path, each["reason"]) for each in raw for path in each["path"])


def _first(entries: Sequence[Entry], section: str, path: str) -> str | None:
    return next((each.reason for each in entries if each.matches(section, path)), None)


def _like(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
