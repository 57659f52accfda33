# SPDX-License-Identifier: Apache-2.0
"""All seeded defects, by the build that has them."""

from __future__ import annotations

from suites.harness.support.seeds import (
    AFTERWARDS,
    AGAIN,
    BUILD,
    BUSY_MEMORY,
    COST,
    DISKS,
    FAULTS,
    HIDDEN,
    MOVE,
    NETWORKS,
    OLD_TYPES,
    OTHER_MEMORY,
    TABLES,
    TIME,
    TPMS,
)
from suites.harness.support.seeds_at_rest import AT_REST
from suites.harness.support.seeds_beside_known import BESIDE
from suites.harness.support.seeds_by_libvirt import BY_LIBVIRT
from suites.harness.support.seeds_in_the_stream import IN_THE_STREAM
from suites.harness.support.seeds_later_moves import LATER_MOVES
from suites.harness.support.seeds_of_adoption import OF_ADOPTION
from suites.harness.support.seeds_of_cdroms import OF_CDROMS
from suites.harness.support.seeds_of_chains import OF_CHAINS
from suites.harness.support.seeds_of_cost import OF_COST
from suites.harness.support.seeds_of_disks import OF_DISKS
from suites.harness.support.seeds_of_endpoints import OF_ENDPOINTS
from suites.harness.support.seeds_of_executing import OF_EXECUTING
from suites.harness.support.seeds_of_faults import OF_FAULTS
from suites.harness.support.seeds_of_field import OF_FIELD_GUESTS
from suites.harness.support.seeds_of_firmware import OF_FIRMWARE
from suites.harness.support.seeds_of_host_memory import OF_HOST_MEMORY
from suites.harness.support.seeds_of_kvm import OF_KVM
from suites.harness.support.seeds_of_life import OF_LIFE
from suites.harness.support.seeds_of_machine_types import OF_MACHINE_TYPES
from suites.harness.support.seeds_of_memory import OF_MEMORY
from suites.harness.support.seeds_of_moves import OF_MOVES
from suites.harness.support.seeds_of_networks import OF_NETWORKS
from suites.harness.support.seeds_of_plugs import OF_PLUGS
from suites.harness.support.seeds_of_recovery import OF_RECOVERY
from suites.harness.support.seeds_of_refusals import OF_REFUSALS
from suites.harness.support.seeds_of_registers import OF_REGISTERS
from suites.harness.support.seeds_of_saving import OF_SAVING
from suites.harness.support.seeds_of_sequences import OF_SEQUENCES
from suites.harness.support.seeds_of_time import OF_TIME
from suites.harness.support.seeds_of_tpms import OF_TPMS
from suites.harness.support.seeds_of_vcpus import OF_VCPUS
from suites.harness.support.seeds_on_emulated_hosts import ON_EMULATED_HOSTS
from suites.harness.support.seeds_read_back import READ_BACK
from suites.harness.support.seeds_standing_still import STANDING_STILL
from suites.harness.support.seeds_under_guests import UNDER_GUESTS
from suites.harness.support.seeds_under_kvm import UNDER_KVM

KINDS = {
    "drops-a-page": OTHER_MEMORY,
    "other-ram": OTHER_MEMORY,
    "loses-first-page": OTHER_MEMORY,
    "loses-last-page": OTHER_MEMORY,
    "loses-a-page-under-a-writer": BUSY_MEMORY,
    "clock-jumps": TIME,
    "other-firmware": TABLES,
    "other-device-tree": TABLES,
}
"""The kind of the seeds of a build, if it is not that of its module."""
MODULES = (
    (MOVE, UNDER_GUESTS),
    (MOVE, OF_MOVES),
    (OTHER_MEMORY, OF_MEMORY),
    (OTHER_MEMORY, OF_HOST_MEMORY),
    (AGAIN, LATER_MOVES),
    (AGAIN, OF_CHAINS),
    (AGAIN, OF_SAVING),
    (AGAIN, OF_SEQUENCES),
    (FAULTS, OF_FAULTS),
    (FAULTS, OF_REFUSALS),
    (FAULTS, OF_RECOVERY),
    (MOVE, OF_EXECUTING),
    (COST, OF_COST),
    (DISKS, OF_DISKS),
    (DISKS, OF_CDROMS),
    (TPMS, OF_TPMS),
    (AFTERWARDS, OF_LIFE),
    (AFTERWARDS, OF_ADOPTION),
    (AFTERWARDS, OF_PLUGS),
    (AFTERWARDS, OF_FIELD_GUESTS),
    (NETWORKS, OF_NETWORKS),
    (OLD_TYPES, OF_MACHINE_TYPES),
    (TIME, OF_TIME),
    (BUILD, AT_REST),
    (BUILD, OF_FIRMWARE),
    (AFTERWARDS, OF_ENDPOINTS),
    (BUILD, UNDER_KVM),
    (BUILD, OF_KVM),
    (BUILD, IN_THE_STREAM),
    (BUILD, BY_LIBVIRT),
    (BUILD, READ_BACK),
    (BUILD, STANDING_STILL),
    (BUILD, OF_REGISTERS),
    (BUILD, OF_VCPUS),
    (MOVE, ON_EMULATED_HOSTS),
    (HIDDEN, BESIDE),
)
SEEDED = tuple(build.of_kind(KINDS.get(build.name, kind)) for kind, builds in MODULES for build in builds)
