# SPDX-License-Identifier: Apache-2.0
"""What a release manager asks first: may we ship, who is affected, what was not tested, and why."""
