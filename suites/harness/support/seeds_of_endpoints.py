# SPDX-License-Identifier: Apache-2.0
"""Seeded defects of displays and channels: of machines that never run, and of a domain of libvirt."""

from __future__ import annotations

from suites.harness.support.seeds import Seed, SeededBuild
from suites.harness.support.wrong_builds import RECEIVES, Wrong, does

ELSEWHERE = SeededBuild(
    "listens-elsewhere",
    "new",
    # The cells of libvirt have seeds of their own, and notice some of these defects too.
    (
        "suites/endpoints",
        "--arch=x86_64",
        "-m",
        "slow or not slow",
        "-k",
        "not libvirt",
        "--subject",
        "endpoint:[cv]*",
    ),
    (
        Seed(
            "VNC server gone after the move",
            does("replace-in-argument", "127.0.0.1:6", "none", when=RECEIVES),
            "endpoint:vnc-port-own",
            "defect-new",
            ("reachable: Connection refused",),
            harm="changed",
        ),
        Seed(
            "VNC server takes no other address",
            does("refuse-command", "display-update", "not today", when="127.0.0.1:6"),
            "endpoint:vnc-port-handed-over",
            "defect-new",
            ("reachable: ", "not today"),
            harm="changed",
        ),
        Seed(
            "fixed port is another one, where the old build does not start",
            does("replace-in-argument", "127.0.0.1:5", "127.0.0.1:7", when=RECEIVES),
            "endpoint:vnc-port",
            "defect-new",
            ("reachable: Connection refused", "itself fails with launch: "),
            harm="changed",
            fails_anyway=True,
        ),
        Seed(
            "socket of a chardev has another name",
            does("replace-in-argument", "chardev-socket-2", "chardev-socket-3", when=RECEIVES),
            "endpoint:chardev-socket-own",
            "defect-new",
            ("reachable: No such file or directory",),
            harm="changed",
        ),
        Seed(
            "socket of a chardev cannot be renamed",
            Wrong(),  # The one above.
            "endpoint:chardev-socket-handed-over",
            "defect-new",
            ("reachable: its own path: No such file or directory",),
            harm="changed",
        ),
    ),
    slow=True,
)

AUTOPORT = "libvirt-precopy-idle-bare-1vcpu-vnc-autoport"
BY_LIBVIRT = SeededBuild(
    "listens-elsewhere-by-libvirt",
    "new",
    ("suites/endpoints", "--arch=x86_64", "-m", "slow or not slow", "-k", f"{AUTOPORT}]"),
    (
        Seed(
            "VNC server of a moved domain has another address",
            does("replace-in-argument", "127.0.0.1:", "127.0.0.3:", when=RECEIVES),
            AUTOPORT,
            "defect-new",
            ("reachable: Connection refused (59",),
            harm="changed",
        ),
    ),
    slow=True,
)

OF_ENDPOINTS = (ELSEWHERE, BY_LIBVIRT)
