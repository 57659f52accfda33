# SPDX-License-Identifier: Apache-2.0
"""Loads the modules of the library that hold hooks and fixtures, in any order, if their packages exist."""

from fixtures.run.locked_packages import demand_locked_packages

demand_locked_packages()

pytest_plugins = [
    "fixtures.run.booted",
    "fixtures.run.hooks",
    "fixtures.run.test_fixtures",
]
