# SPDX-License-Identifier: Apache-2.0
"""Does the suite see whether a move was encrypted?"""

import pytest

from fixtures.attempt.encryption import all_encrypted

TLS, PLAIN = b"\x16\x03\x01\x02\x00\x01", b"QEVM\x00\x00"


def test_move_over_tls_is_seen() -> None:
    """Lose this and no move over TLS passes."""
    found = all_encrypted([TLS, TLS])
    assert found
    assert found.detail == "2 of 2 connections began with a TLS handshake"


@pytest.mark.parametrize(
    "openings,said",
    [
        ([PLAIN], "0 of 1 connection began with a TLS handshake; others begin with 51 45 56 4d 00 00"),
        ([TLS, PLAIN], "1 of 2 connections began with a TLS handshake; others begin with 51 45 56 4d 00 00"),
        ([], "0 of 0 connections began with a TLS handshake"),
    ],
)
def test_plain_text_is_seen(openings: list[bytes], said: str) -> None:
    """Lose this and a move that was not encrypted, or only one of its channels, passes as one over TLS."""
    found = all_encrypted(openings)
    assert not found
    assert found.detail == said
