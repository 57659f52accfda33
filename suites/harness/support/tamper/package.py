# SPDX-License-Identifier: Apache-2.0
"""Changes fields of the device state with which postcopy begins.

QEMU sends that state as one package, and describes it only in precopy (`should_send_vmdesc` in its
migration/savevm.c). So only sections with a layout in :data:`LAYOUTS` can be changed here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from fixtures.still.stream import DESCRIPTION, END, Field, Section, Stream, StreamError
from suites.harness.support.tamper.fields import Change, Changed, changed

LAYOUTS: Mapping[str, tuple[int, tuple[Field, ...]]] = {
    "apic": (
        3,
        (
            Field("apicbase", "uint32", 4),
            Field("id", "uint8", 1),
            Field("arb_id", "uint8", 1),
            Field("tpr", "uint8", 1),
            Field("spurious_vec", "uint32", 4),
            Field("log_dest", "uint8", 1),
            Field("dest_mode", "uint8", 1),
            Field("isr", "uint32", 4, 8),
            Field("tmr", "uint32", 4, 8),
            Field("irr", "uint32", 4, 8),
            Field("lvt", "uint32", 4, 6),
            Field("esr", "uint32", 4),
            Field("icr", "uint32", 4, 2),
            Field("divide_conf", "uint32", 4),
            Field("count_shift", "int32", 4),
            Field("initial_count", "uint32", 4),
            Field("initial_count_load_time", "int64", 8),
            Field("next_time", "int64", 8),
            Field("timer_expiry", "int64", 8),
        ),
    ),
}
"""Version and fields of sections by name: `vmstate_apic_common` of QEMU's hw/intc/apic_common.c."""
PAGE_BYTES = 4096


def changed_package(package: bytes, changes: Iterable[Change]) -> Changed:
    """Apply all changes to a package.

    Raises :class:`StreamError` if the layout of a section is not known, or is another one than QEMU's.
    """
    wanted = list(changes)
    sections = {each.key: each for change in wanted for each in [_section(change.section)]}
    nothing = b"{}"
    described = END + DESCRIPTION + struct.pack(">I", len(nothing)) + nothing
    done = changed(Stream(None, PAGE_BYTES, {}, sections, package + described), wanted)
    return Changed(done.raw[: -len(described)], done.places, done.without_effect, done.unused)


def _section(label: str) -> Section:
    """The section with this label: its name, with `#` and its instance id if that is not 0."""
    name, _, instance_id = label.partition("#")
    if name not in LAYOUTS:
        raise StreamError(f"the layout of {label} is not known, and postcopy sends no description of it")
    version, fields = LAYOUTS[name]
    return Section(name, version, fields, name=name, instance_id=int(instance_id or "0"))
