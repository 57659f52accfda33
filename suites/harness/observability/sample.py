# SPDX-License-Identifier: Apache-2.0
"""Changes that a file names, so that a figure can be compared with an earlier one of the same changes.

`samples/NAME.yaml` has, for each kind of guest such as `idle-virtio`, the paths to change by section. In a
path `*` stands for any characters, and all fields that match are changed together. A path without a mode is
zeroed. What is zero already, or has the value that the mode would give it, is changed in another way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from ruamel.yaml import YAML

from fixtures.errors import UsageError
from fixtures.still.stream import Stream
from suites.harness.observability.trials import MODES, Trial, has_effect
from suites.harness.support.tamper.fields import Mode
from suites.harness.support.tamper.places import all_places

DIRECTORY = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Wanted:
    """One change of a sample."""

    section: str
    path: str
    mode: Mode

    @classmethod
    def of(cls, section: str, text: str) -> Wanted:
        """From a path, and a mode behind it if it is not `zero`."""
        path, _, mode = text.partition(" ")
        if mode and mode not in get_args(Mode):
            raise UsageError(f"{section} {path}: {mode} is no mode", fix=f"use one of {', '.join(MODES)}")
        return cls(section, path, cast("Mode", mode or "zero"))


@dataclass(frozen=True)
class Baseline:
    """How many changes of a guest were seen when the sample was tried first."""

    noticed: int
    refused: int
    unnoticed: int

    @property
    def tried(self) -> int:
        """All changes."""
        return self.noticed + self.refused + self.unnoticed


@dataclass(frozen=True)
class Sample:
    """All changes of one file, by kind of guest."""

    name: str
    guests: Mapping[str, tuple[Wanted, ...]]
    baselines: Mapping[str, Baseline]

    @classmethod
    def read(cls, name: str, directory: Path = DIRECTORY) -> Sample:
        """Read `NAME.yaml`. Raises :class:`UsageError`."""
        file = directory / f"{name}.yaml"
        if not file.is_file():
            names = ", ".join(sorted(each.stem for each in directory.glob("*.yaml")))
            raise UsageError(f"no sample has the name {name}", where="--sample", fix=f"choose from: {names}")
        raw = YAML(typ="safe").load(file)
        guests = {
            guest: tuple(Wanted.of(section, text) for section, texts in of.items() for text in texts)
            for guest, of in raw["changes"].items()
        }
        return cls(name, guests, {guest: Baseline(**of) for guest, of in raw["baseline"].items()})

    def of(self, profile: str, hardware: str) -> tuple[Wanted, ...]:
        """The changes of one kind of guest. Raises :class:`UsageError` if it has none."""
        guest = f"{profile}-{hardware}"
        if guest not in self.guests:
            raise UsageError(
                f"the sample {self.name} is not about guests {guest}",
                where="--sample",
                fix=f"choose a guest of: {', '.join(self.guests)}",
            )
        return self.guests[guest]


def sample_trials(stream: Stream, wanted: Sequence[Wanted]) -> tuple[list[Trial], list[str]]:
    """A trial for each change that this stream has the fields for, and the names of the others."""
    fields = [each for each in all_places(stream) if each.kind == "field"]
    trials: list[Trial] = []
    missing: list[str] = []
    for each in wanted:
        places = tuple(place for place in fields if place.matches(each.section, each.path))
        modes = (each.mode, *MODES)
        mode = next((mode for mode in modes if has_effect(stream.raw, places, mode)), None)
        if mode is None:
            missing.append(f"{each.section} {each.path}")
        else:
            trials.append(Trial(places[0].section, each.path, mode, places))
    return trials, missing
