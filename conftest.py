# SPDX-License-Identifier: Apache-2.0
"""Loads the modules of the library that hold hooks and fixtures; nothing else."""

pytest_plugins = [
    "fixtures.options",
    "fixtures.rundirs",
    "fixtures.lifeline",
    "fixtures.plugin",
    "fixtures.selecting",
    "fixtures.preview",
    "fixtures.session",
    "fixtures.booted",
]
