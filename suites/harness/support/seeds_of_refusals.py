# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in what a side refuses: a guest, a damaged stream, a second move, a stranger."""

from __future__ import annotations

from fixtures.path.damage import HEADER_AFTER_NAME, SECTION
from suites.harness.support.seeds import Seed, one_defect
from suites.harness.support.tamper.rules import Tampering, Words
from suites.harness.support.wrong_builds import RECEIVES, Wrong, does

DAMAGED = "qmp-precopy-busy-bare-1vcpu-fault-stream-changed-in-switchover"
UNKNOWN_VERSION = b"unsupported version %d for '%s' v%d"
"""What QEMU says of a section whose version is newer than it knows (migration/savevm.c)."""
ENCRYPTED = "qmp-multifd-tls-busy-virtio-1vcpu-encrypted"
STRANGER = "qmp-precopy-tls-busy-bare-1vcpu-fault-peer-not-trusted-in-set-up"
STRANGER_BY_LIBVIRT = "libvirt-precopy-tls-busy-bare-1vcpu-fault-peer-not-trusted-in-set-up"
REAL_QEMU = "usr/bin/qemu-system-x86_64.real"
CLIENT, SERVER = '"endpoint":"client"', '"endpoint":"server"'
NO_COMMON_CIPHER = ',"priority":"NORMAL:-VERS-TLS1.3:-CIPHER-ALL:+ARCFOUR-128"'


def _header(*, version: int) -> str:
    """The part of a section's header that :class:`fixtures.path.damage.Damage` changes, in hexadecimal."""
    return (SECTION + version.to_bytes(HEADER_AFTER_NAME)).hex()


OF_REFUSALS = (
    one_defect(
        "other-tls",
        "new",
        "hotpatch",
        Seed(
            "a destination speaks no TLS that the source speaks",
            does("replace-in-command", SERVER, SERVER + NO_COMMON_CIPHER, when=RECEIVES),
            ENCRYPTED,
            "defect-new",
            ("migrate: ",),
        ),
    ),
    one_defect(
        "no-tls",
        "old",
        "hotpatch",
        Seed(
            "a source that is to encrypt sends plain text",
            does("replace-in-command", '"tls-creds":"migration-client"', '"tls-creds":""'),
            ENCRYPTED,
            "defect-old",
            ("migrate: ",),
        ),
    ),
    one_defect(
        "trusts-anybody",
        "old",
        "faults",
        Seed(
            "a source sends its guest to a destination that it has no reason to trust",
            does("replace-in-command", CLIENT, CLIENT + ',"verify-peer":false'),
            STRANGER,
            "defect-old",
            ("refused: a destination that is not trusted: migration ",),
        ),
    ),
    one_defect(
        "does-not-say-why",
        "old",
        "faults",
        Seed(
            "a source does not say why libvirt's move to a destination that is not trusted has failed",
            Wrong(reworded=((REAL_QEMU, b"The certificate hasn't", b"The certifixate hasn't"),)),
            STRANGER_BY_LIBVIRT,
            "defect-old",
            ("refused: a destination that is not trusted: migration failed",),
        ),
    ),
    one_defect(
        "loads-what-is-damaged",
        "new",
        "faults",
        Seed(
            "a destination loads a device without a look at the version of its section",
            Wrong(),
            DAMAGED,
            "defect-new",
            ("refused: stream changed: migration completed",),
            tampering=Tampering(words=(Words(_header(version=0xFE), _header(version=1)),)),
            harm="changed",
        ),
    ),
    one_defect(
        "does-not-say-what-is-damaged",
        "new",
        "faults",
        Seed(
            "a destination does not say that it does not know the version of a section",
            Wrong(
                reworded=(
                    (REAL_QEMU, UNKNOWN_VERSION, UNKNOWN_VERSION.replace(b"unsupported", b"unfortunate")),
                )
            ),
            DAMAGED,
            "defect-new",
            ("refused: stream changed: migration failed", "; the destination: "),
        ),
    ),
    one_defect(
        "says-that-it-runs",
        "new",
        "faults",
        Seed(
            "a destination says that it runs a guest whose state arrived damaged",
            does("replace-in-output", "MIGRATION", "RESUME", when=RECEIVES),
            DAMAGED,
            "defect-new",
            ("never-both: stream changed: migration failed", "the destination ran: True"),
        ),
    ),
    one_defect(
        "second-move-ends-the-first",
        "old",
        "faults",
        Seed(
            "a second move ends the first one",
            does("on-command", "second.sock", "command migrate_cancel"),
            "qmp-precopy-busy-bare-1vcpu-fault-second-move-in-first-pass",
            "defect-old",
            ("refused: a second move: ", "the first one goes on: False"),
        ),
    ),
    one_defect(
        "takes-any-guest",
        "new",
        "faults",
        Seed(
            "a destination takes a guest of another machine type",
            does("replace-in-argument", "pc-q35-9.2", "pc-q35-10.0", when=RECEIVES),
            "qmp-precopy-busy-virtio-1vcpu-fault-peer-other-machine-type-in-set-up",
            "defect-new",
            ("refused: wrong peer, other-machine-type: migration completed",),
            harm="changed",
        ),
    ),
)
