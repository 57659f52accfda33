# SPDX-License-Identifier: Apache-2.0
"""Other queues of a virtio device: which guests that concerns, and in which direction."""

from __future__ import annotations

import re

_MEANING = re.compile(
    r"a guest that boot(?:s|ed) under the (?P<build>new|old) build has (?P<what>larger|more) queues"
)
"""How the reason of such a cell begins; :func:`fixtures.sweep.queues.queues_meaning` writes it."""
_REFUSED = "precopy then fails and they run on under the {} QEMU, postcopy loses them"


def queues_words(reason: str, said: str) -> str:
    """What happens to the guests, with the sizes that the builds said; empty for another reason.

    A guest keeps the queues with which it booted. So larger ones of the new build hurt no guest that runs
    today, but those that boot after the update and go back, or on to a build that is like the old one again.
    """
    found = _MEANING.search(reason)
    if found is None:
        return ""
    what = found["what"]
    if found["build"] == "new":
        return (
            f"that run today keep their queues; those that boot under the new build have {what} ones and may "
            "not go back to the old build, nor to a later one that makes such queues: "
            f"{_REFUSED.format('new')} ({said})."
        )
    return (
        f"that booted under the old build have {what} queues than the new build makes and may not be moved: "
        f"{_REFUSED.format('old')} ({said})."
    )


def queues_advice(reason: str) -> str:
    """What to do about these guests; empty for another reason."""
    found = _MEANING.search(reason)
    if found is None:
        return ""
    if found["build"] == "new":
        return (
            "Nothing for guests that run today. After the update restart guests that must go back to the old "
            "build instead of moving them, or wait for a fix."
        )
    return (
        "Move them with precopy, never with postcopy; restart under the new build those that it cannot move, "
        "or wait for a fix."
    )
