import hashlib
import json

import pytest

from kasilabs.lib.documents import canonical_json


def test_canonical_form_of_rfc_8785() -> None:
    document = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001, -0.0, 1e21],
        "string": '\u20ac$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert canonical_json.dumps(document).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0,1e+21],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_canonical_names_are_sorted_by_utf_16_units() -> None:
    document = {"\ufb33": 7, "\U0001f600": 6, "\u20ac": 5, "\u00f6": 4, "\u0080": 3, "1": 2, "\r": 1}
    assert list(json.loads(canonical_json.dumps(document)).values()) == [1, 2, 3, 4, 5, 6, 7]


def test_digest_is_sha_256_of_the_canonical_form_in_lower_case_hex() -> None:
    assert (
        canonical_json.digest({"b": [1, True], "a": "é"})
        == hashlib.sha256('{"a":"é","b":[1,true]}'.encode()).hexdigest()
    )
    assert canonical_json.digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), float("inf"), "\ud800", {"\udc00": 1}])
def test_what_doubles_cannot_hold_has_no_digest(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical_json.digest({"a": value})


def test_the_largest_safe_integer_has_a_digest() -> None:
    assert canonical_json.dumps([2**53 - 1, -(2**53) + 1]) == b"[9007199254740991,-9007199254740991]"
