# SPDX-License-Identifier: Apache-2.0
"""The picture in docs/architecture.md, drawn from the real imports.

`python -m suites.harness.support.rooms_drawing` writes it into the page.
"""

from __future__ import annotations

import re

from fixtures.places import ROOT
from suites.harness.support.layers import ORDER, imports_of, room_of, room_of_module, source_files

PAGE = ROOT / "docs" / "architecture.md"
SINGLE_FILES = frozenset({"printable", "errors", "waiting", "temporary", "cache", "places"})
"""Modules that nearly every room imports. The picture leaves them out, because they would hide the flow."""
_BLOCK = re.compile(r"(?<=```mermaid\n).*?(?=```)", re.DOTALL)
Arrow = tuple[str, str]


def arrows() -> set[Arrow]:
    """Every pair (room, imported room)."""
    found = set()
    for path in source_files():
        room = room_of(path.relative_to(ROOT))
        for _, name in imports_of(path.read_text()):
            other = room_of_module(name)
            if room and other and other != room:
                found.add((room, other))
    return found


def without_detours(drawn: set[Arrow]) -> set[Arrow]:
    """The arrows without those that a longer path replaces. What each room can reach stays the same."""
    return {(room, other) for room, other in drawn if not _reaches(drawn - {(room, other)}, room, other)}


def _reaches(drawn: set[Arrow], start: str, end: str) -> bool:
    seen, left = {start}, [start]
    while left:
        room = left.pop()
        new = {other for first, other in drawn if first == room} - seen
        seen |= new
        left += new
    return end in seen


def drawing() -> str:
    """The picture as a Mermaid flow chart; an arrow points from a room to one that it imports."""
    shown = [room for row in ORDER for room in row if room not in SINGLE_FILES]
    drawn = {arrow for arrow in arrows() if set(arrow) <= set(shown)}
    lines = ["flowchart BT"]
    lines += [f'  {_key(room)}["{_label(room)}"]' for room in shown]
    order = {room: place for place, room in enumerate(shown)}
    for room, other in sorted(without_detours(drawn), key=lambda arrow: (order[arrow[0]], order[arrow[1]])):
        lines.append(f"  {_key(room)} --> {_key(other)}")
    return "\n".join(lines) + "\n"


def _key(room: str) -> str:
    return room.replace(".", "_")


def _label(room: str) -> str:
    return f"{room}/" if room in {"images", "reports", "suites"} else f"fixtures/{room.replace('.', '/')}/"


def drawn_in(page: str) -> str:
    """The picture that a page shows."""
    found = _BLOCK.search(page)
    return found.group() if found else ""


def main() -> None:
    """Write the picture into the page."""
    PAGE.write_text(_BLOCK.sub(lambda _: drawing(), PAGE.read_text(), count=1))


if __name__ == "__main__":
    main()
