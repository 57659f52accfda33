# SPDX-License-Identifier: Apache-2.0
"""Seeded defects: a build forgets what a vCPU has in its registers. The guest lives on."""

from __future__ import annotations

from suites.harness.support.seeds import CPU
from suites.harness.support.stream_seeds import build, field, seed

OF_VCPUS = (
    build(
        "forgets-registers",
        seed(
            CPU,
            "x87 control word of vCPU 1",
            "multifd-idle-bare-2vcpu",
            field("cpu#1", "env.fpuc"),
            "registers: fcw of vCPU 1",
        ),
        seed(
            CPU, "PAT of vCPU 0", "multifd-idle-virtio-2vcpu", field("cpu", "env.pat"), "msr: PAT of vCPU 0"
        ),
        seed(
            CPU,
            "TSC_AUX of vCPU 1",
            "precopy-busy-bare-2vcpu",
            field("cpu#1", "env.tsc_aux", "invert"),
            "msr: TSC_AUX of vCPU 1",
        ),
        seed(
            CPU,
            "debug registers of vCPU 0",
            "precopy-busy-virtio-2vcpu",
            field("cpu", "env.dr"),
            "breakpoint: debug registers of vCPU 0",
        ),
    ),
)
