# SPDX-License-Identifier: Apache-2.0
"""Can a guest be moved over TLS, as on hosts whose policy is that nothing crosses a network unencrypted?"""

from fixtures.attempt.encryption import Encrypted
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.mechanisms import Mechanism
from fixtures.matrix.names import Arch, PathName
from fixtures.matrix.promises import Promise, promised

WAYS: tuple[tuple[PathName, Mechanism], ...] = (
    ("qmp", "precopy-tls"),
    ("qmp", "postcopy-tls"),
    ("qmp", "multifd-tls"),
    ("qmp", "precopy-tls-psk"),
    ("qmp", "postcopy-tls-psk"),
    ("qmp", "multifd-tls-psk"),
    ("libvirt", "precopy-tls"),
    ("libvirt", "postcopy-tls"),
    ("libvirt", "multifd-tls"),
    ("libvirt-direct", "precopy-tls"),
)
DEFAULT = {("qmp", "multifd-tls"), ("libvirt", "postcopy-tls")}
"""multifd, whose end has changed in QEMU 10.0 (`multifd-clean-tls-termination`), and a move by libvirt."""
ON_POWER = {("qmp", "multifd-tls"), ("qmp", "postcopy-tls")}
"""Moved each night on ppc64le, too."""
X86: tuple[Arch, ...] = ("x86_64",)
POWER: tuple[Arch, ...] = ("ppc64le",)


def _over_tls(path: PathName, mechanism: Mechanism) -> Promise:
    by_default = (path, mechanism) in DEFAULT
    return Promise(
        "encrypted",
        path=path,
        mechanism=mechanism,
        profile="busy",
        hardware="virtio",
        default_on=X86 if by_default else (),
        nightly_on=(() if by_default else X86) + (POWER if (path, mechanism) in ON_POWER else ()),
        and_back=(path, mechanism) == ("qmp", "multifd-tls"),
    )


@promised(_over_tls(*way) for way in WAYS)
def test_guest_is_moved_over_tls(guest: Guest, encrypted: Encrypted) -> None:
    """Lose this and guests of hosts that only speak TLS to each other stay in the old QEMU for good."""
    guest.works()
    assert encrypted.hot_patch().runs_on_new_build
    assert examined(guest)
