"""A fingerprint stays what it is: baselines and histories in repositories hold it."""

import hashlib

from petrec.fingerprints import digest_of


def test_a_fingerprint_is_half_the_sha256_of_kind_and_id() -> None:
    whole = hashlib.sha256(b"mismatched 7").hexdigest()
    assert digest_of("mismatched", "7") == whole[:32] == "d557aebfa2e71dc8fd051a9024fb67e8"


def test_an_id_outside_ascii_is_taken_as_utf8() -> None:
    whole = hashlib.sha256("dangling_pet é".encode()).hexdigest()
    assert digest_of("dangling_pet", "é") == whole[:32]
