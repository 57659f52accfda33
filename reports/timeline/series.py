# SPDX-License-Identifier: Apache-2.0
"""Series over time from the samples of a migration. Does not draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile

from fixtures.evidence.timeline import Sample


@dataclass(frozen=True)
class Stretch:
    """A value that was constant from one moment to another, in seconds of the host's clock."""

    start: float
    end: float
    value: float


def begun(samples: Sequence[Sample]) -> list[Sample]:
    """The samples since there was data to send; before that, 0 remaining bytes would look like the end."""
    return list(dropwhile(lambda sample: not sample.transferred and not sample.remaining, samples))


def bandwidths(samples: Sequence[Sample], least: float) -> list[Stretch]:
    """Bytes per second on the wire between samples that are at least `least` seconds apart.

    Closer samples would show when QEMU updates its counters, not how fast it sends.
    """
    found: list[Stretch] = []
    if not samples:
        return found
    before = samples[0]
    for sample in samples[1:]:
        if sample.transferred < before.transferred:  # A new migration, which counts from 0.
            before = sample
        elif sample.at - before.at >= least:
            rate = (sample.transferred - before.transferred) / (sample.at - before.at)
            found.append(Stretch(before.at, sample.at, rate))
            before = sample
    return found if any(each.value for each in found) else []


def dirty_rates(samples: Sequence[Sample]) -> list[Stretch]:
    """Dirty rate in bytes per second, from its first value on; QEMU reports 0 before it has measured it."""
    return _held(samples, [sample.dirty_rate for sample in samples])


def throttles(samples: Sequence[Sample]) -> list[Stretch]:
    """Percent of CPU time that throttling took from the guest; empty if it was never throttled."""
    return _held(samples, [float(sample.throttle) for sample in samples])


def _held(samples: Sequence[Sample], values: Sequence[float]) -> list[Stretch]:
    """The values from the first non-zero one on, each until the next sample; equal neighbours are merged."""
    found: list[Stretch] = []
    for number, (sample, value) in enumerate(zip(samples, values, strict=True)):
        end = samples[min(number + 1, len(samples) - 1)].at
        if found and found[-1].value == value:
            found[-1] = Stretch(found[-1].start, end, value)
        elif found or value:
            found.append(Stretch(sample.at, end, value))
    return found
