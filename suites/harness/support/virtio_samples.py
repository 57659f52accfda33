# SPDX-License-Identifier: Apache-2.0
"""States of virtio devices, as QEMU 10.0.13 sent them for a running guest, compressed."""

from __future__ import annotations

import base64
import zlib

from fixtures.still.stream import Section

_PACKED = {
    "0000:00:02.0/virtio-net": (
        "eNrt3bFu00AcB+BzEkMDCNKqCKlTBwRsrZSKOWyMCCFGQqBGygAtiYMYM/AQvEVXUJAoWx+Dh+jc4IsvjRQYEQP6Psl39/P/zpGj"
        "m88hhMb5TuhczTuh0ojNox9V0/l2EZIb4fvl+Hwnq9ovF59Tvl7FduhkreWE6jHtXqfZSuNFftJpLfJuyi+3G4u8X+c4bh9v52HN"
        "5qfmNP5athH+qdbuz8X73lvL99fygz+szeruVhYa+yfTu9Vw4+mzsHXwfFFo1i8bwpWv8Z3j7GWehnAt/v0pz2J9Pq/XXj67fnqz"
        "240pCy+qttudr2bAUn77w3BUDo/2Hh68Gpb9N8WgnIyKcb1HsyzuznwzTYnd+0kxWZbjhuyljfm4V/enKZ/VeZbqs7oOAAAAAAAA"
        "AAAAAAAAAAAA/F35VjoWoPhYjgb9cTkoi+p2lt+p7/ePXw/33h4dFqN3q+Lyqk+9yOKBINnilIvw+2ECdW2a7p2m/mxVm6V1DhkA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADgP5ffTB8RHJeDUVkchvhRwF8Cd1ta"
    ),
    "0000:00:04.0/virtio-balloon": (
        "eNrt3T1uE0EUAOAZxwsYIbxBQUip0oOUFIh6S0puYEyySC4gYb1GlIvEITgMApc5BodITbI/41iYFlGg75PsN2/e7IzHB3gbQhhd"
        "HY7yu1keQrgOnc/r9uvk26+QPGh+3I6vDrM+fk35/RjCJORxvFnQbjMp8r1xGvf5q3zc50cpf30w6vOTIe/Gk4uDLOzY/xKbdvsQ"
        "74V/anz0s7/v05382XbJtP3b2l8/SpfctTdcKoQ73/sQt3nzWz5t+ixuHswef1xU9eL8+MXzN4t69rac16uqXA6PxNgdme2nJV34"
        "sCpXm3K3e5FOeVkMcZ3yy2I4rUinDnUAAAAAAAAAAAAAAAAAAADg78oepbYA5ae6ms+W9bwu2+mYPRnmZxeni+N352dl9X5b3HyG"
        "Vgax6+IQU8uCP5oJDLUmza1TvLytTYeSJgMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD897KH6SWCy3pe1eVZ6F4KeAPWJ00b"
    ),
}
NET, BALLOON = _PACKED


def virtio_state(name: str) -> tuple[Section, bytes]:
    """The section of one of these devices, and its state."""
    state = zlib.decompress(base64.b64decode(_PACKED[name]))
    return Section(name.rpartition("/")[2], 1, name=name), state
