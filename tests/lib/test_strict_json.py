import json
import random

import pytest

from kasilabs.lib.documents import strict_json
from kasilabs.lib.documents.strict_json import NotJson

NESTED_32 = b'{"a":' * 32 + b"1" + b"}" * 32
NESTED_33 = b'{"a":' * 32 + b"[]" + b"}" * 32

REFUSED = {
    "empty": (b"", "not_json", "", 1),
    "white space only": (b" \n ", "not_json", "", 2),
    "array": (b"[1]", "not_json", "", 1),
    "string": (b'"a"', "not_json", "", 1),
    "null": (b"null", "not_json", "", 1),
    "two objects": (b"{}\n{}", "not_json", "", 2),
    "trailing comma": (b'{"a": 1,\n}', "not_json", "", 2),
    "comment": (b"{} // x", "not_json", "", 1),
    "single quotes": (b"{'a': 1}", "not_json", "", 1),
    "raw line feed in a string": (b'{"a": "\n"}', "not_json", "", 1),
    "byte order mark": (b"\xef\xbb\xbf{}", "not_json", "", 1),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "not_json", "", 1),
    "Latin-1": (b'{\n"a": "\xe9"}', "not_json", "", 2),
    "encoded surrogate": (b'{"a": "\xed\xa0\x80"}', "not_json", "", 1),
    "half a pair": (b'{"a": "\\ud800"}', "not_json", "", None),
    "half a pair in a name": (b'{"\\uDC00": 1}', "not_json", "", None),
    "NaN": (b'{"a": NaN}', "not_json", "", None),
    "Infinity": (b'{"a": [-Infinity]}', "not_json", "", None),
    "infinite by exponent": (b'{"a": 1e309}', "not_json", "", None),
    "400 digits": (b'{"a": ' + b"9" * 400 + b"}", "not_json", "", None),
    "10,000 digits": (b'{"a": ' + b"9" * 10_000 + b"}", "not_json", "", None),
    "leading zero": (b'{"a": 01}', "not_json", "", 1),
    "repeated name": (b'{"a": 1,\n "b/c": {"d": 1,\n"d": 2}}', "duplicate_key", "/b~1c/d", 3),
    "repeated by escape": (b'{"a": [0, {"\\u0061": 1, "a": 1}]}', "duplicate_key", "/a/1/a", 1),
    "33 levels": (NESTED_33, "too_deep", "/a" * 32, 1),
    "5,000 levels": (b'{"a":\n' + b"[" * 5_000 + b"]" * 5_000 + b"}", "too_deep", "/a" + "/0" * 31, 2),
    "100,000 levels never closed": (b'{"a":' * 100_000, "too_deep", "/a" * 32, 1),
}


@pytest.mark.parametrize(("raw", "code", "pointer", "line"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_what_two_readers_could_read_differently(raw: bytes, code: str, pointer: str, line: int | None) -> None:
    with pytest.raises(NotJson) as caught:
        strict_json.loads(raw)
    assert (caught.value.code, caught.value.pointer, caught.value.line) == (code, pointer, line)
    assert caught.value.detail


def test_reads_32_levels() -> None:
    assert strict_json.loads(NESTED_32) == json.loads(NESTED_32)


def test_brackets_inside_strings_are_not_levels() -> None:
    assert strict_json.loads(b'{"a": "' + b"[{" * 100 + b'"}') == {"a": "[{" * 100}


def test_depth_is_the_callers_choice() -> None:
    with pytest.raises(NotJson) as caught:
        strict_json.loads(b'{"a": [1, [2]]}', max_depth=2)
    assert (caught.value.code, caught.value.pointer) == ("too_deep", "/a/1")


def test_keeps_the_kind_of_a_number() -> None:
    document = strict_json.loads(b'{"whole": 105, "decimal": 105.0, "exponent": 1e2, "big": 9007199254740993}')
    assert {name: type(number) for name, number in document.items()} == {
        "whole": int,
        "decimal": float,
        "exponent": float,
        "big": int,
    }
    assert document["big"] == 2**53 + 1


def test_reads_a_pair_of_surrogates_as_one_character() -> None:
    assert strict_json.loads(b'{"a": "\\ud83d\\ude00 \\u0041"}') == {"a": "\U0001f600 A"}


def test_tells_every_repeated_name_to_who_wants_to_go_on() -> None:
    told: list[tuple[str, int]] = []
    raw = b'{"a": 1,\n"a": 2,\n"b": {"c": 1, "c": 2},\n"a": 3}'
    document = strict_json.loads(raw, on_duplicate=lambda pointer, line: told.append((pointer, line)))
    assert document == {"a": 3, "b": {"c": 2}}
    assert told == [("/a", 2), ("/b/c", 3), ("/a", 4)]


def test_long_repeated_names_do_not_multiply() -> None:
    told: list[str] = []
    raw = b'{"' + b"k" * 50_000 + b'": {' + b",".join([b'"a":0'] * 30_000) + b"}}"
    strict_json.loads(raw, on_duplicate=lambda pointer, _line: told.append(pointer))
    assert len(told) == 100


def test_damaged_bytes_end_in_an_object_or_in_not_json() -> None:
    chance = random.Random(20261124)
    seed = b'{"a": [1, 2.5e3, {"b": "\\u00e9 \\ud83d\\ude00", "c": null}], "d": true}'
    outcomes = {"read": 0, "refused": 0}
    for _round in range(5_000):
        raw = bytearray(seed)
        for _change in range(chance.randint(1, 4)):
            at = chance.randrange(len(raw))
            raw[at : at + chance.randint(0, 2)] = bytes(
                chance.choices(b'{}[]",:\\\x00\xff019-eNu ', k=chance.randint(0, 3))
            )
        try:
            assert isinstance(strict_json.loads(bytes(raw)), dict)
            outcomes["read"] += 1
        except NotJson:
            outcomes["refused"] += 1
    assert outcomes["read"] > 100
    assert outcomes["refused"] > 1_000
