"""What ties a grant to its row, its subject and the password it was made under.

The expected bytes were computed by `openssl dgst -mac HMAC` and by an HMAC written out by hand.
"""

from uuid import UUID

import pytest

from tessera.format.fingerprint import fingerprint
from tessera.format.keys import derive

KEYS = derive(bytes(range(32)), "example.org")
ROW = UUID("0198f3b5-d9cc-7a1b-8c2d-3e4f50617283")
PASSWORD = "pbkdf2_sha256$1000000$salt$hash"


@pytest.mark.parametrize(
    ("subject", "password", "expected"),
    [
        pytest.param("42", PASSWORD, "2178f7398e3c34f7780c07b60e716942", id="a user"),
        pytest.param("42", None, "3e148b9109fe2e639dc91d2d2be22079", id="whatever the password"),
        pytest.param("42", "", "ea918a20e0f99d61f0d7739beb1c4e43", id="an empty password field"),
        pytest.param("42", "!", "e8030a01bf1f61b4deb1c746fc391b29", id="an unusable password"),
        pytest.param("", None, "e44a64bda8dd1f26c1981773836950b8", id="nobody"),
        pytest.param(
            "7d444840-9dc0-11d1-b245-5ffdce74fad2", PASSWORD, "611cd5aa3eaf1702b969fde20f847af1", id="a UUID for a key"
        ),
        pytest.param("ädä", PASSWORD, "7e438af59800b704cc19a682add1a8fe", id="a name for a key, with more than ASCII"),
    ],
)
def test_a_row_a_subject_and_a_password_always_give_the_same_fingerprint(subject, password, expected):
    assert fingerprint(KEYS, ROW.bytes, subject, password).hex() == expected


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: fingerprint(KEYS, bytes(16), "42", PASSWORD), id="copied to another row"),
        pytest.param(lambda: fingerprint(KEYS, ROW.bytes, "43", PASSWORD), id="another user"),
        pytest.param(lambda: fingerprint(KEYS, ROW.bytes, "42", PASSWORD + "x"), id="another password"),
        pytest.param(lambda: fingerprint(KEYS, ROW.bytes, "42", None), id="made to outlive the password"),
        pytest.param(lambda: fingerprint(KEYS, ROW.bytes, "42", "!"), id="no usable password"),
        pytest.param(
            lambda: fingerprint(derive(bytes(range(32)), "example.com"), ROW.bytes, "42", PASSWORD), id="another realm"
        ),
    ],
)
def test_what_differs_in_one_thing_has_another_fingerprint(other):
    assert other() != fingerprint(KEYS, ROW.bytes, "42", PASSWORD)


def test_a_subject_and_a_password_do_not_run_together():
    assert fingerprint(KEYS, ROW.bytes, "1", "2x") != fingerprint(KEYS, ROW.bytes, "12", "x")


def test_all_unusable_passwords_are_one():
    assert fingerprint(KEYS, ROW.bytes, "42", "!one") == fingerprint(KEYS, ROW.bytes, "42", "!another")
