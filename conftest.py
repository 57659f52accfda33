# SPDX-License-Identifier: Apache-2.0
"""Loads the modules of the library that hold hooks and fixtures, in any order; nothing else."""

pytest_plugins = [
    "fixtures.run.booted",
    "fixtures.run.hooks",
    "fixtures.run.test_fixtures",
]
