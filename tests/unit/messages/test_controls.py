import pytest
from pydantic import ValidationError

from xmpp_cem.messages.controls import IndexEntry


@pytest.mark.parametrize("digest", ["", "0" * 63, "G" * 64, "A" * 64])
def test_a_digest_is_sha_256_in_lower_case_hexadecimal(digest):
    with pytest.raises(ValidationError):
        IndexEntry.model_validate(
            {
                "event": "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a01",
                "order": {"epoch": 1, "modification": 0},
                "digest": digest,
            }
        )
