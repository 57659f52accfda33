# SPDX-License-Identifier: Apache-2.0
"""A plugin of pytest: Python says that this machine is one of POWER, with pages of 64 KiB.

Programs are still those of this machine, so it is for tests that run none of a build or of the guest agent.
"""

import platform
import resource

platform.machine = lambda: "ppc64le"
resource.getpagesize = lambda: 65536
