import base64
import html
import json
import math
import unicodedata
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasilabs.lib.text.sensitive import Sensitive
from kasilabs.logs import redact

SECRET = 'sk_live/7F2Q+"é'
PHONE = "+254700000141"
HIDDEN_SECRET = {"$hidden": "secret hidden"}
HIDDEN_PHONE = {"$hidden": "phone number hidden"}


def kept(document: Any) -> Any:
    return redact.document(document, secrets=[SECRET], phones=[PHONE])


def test_a_plain_document_is_kept_as_it_is() -> None:
    document = {
        "tool": "quote_order",
        "input": {"quantity": 2, "price": 12.5, "urgent": True, "note": None, "tags": []},
    }
    assert kept(document) == document


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        f"key={SECRET}&x=1",
        quote(SECRET, safe=""),
        quote(quote(SECRET, safe=""), safe=""),
        "".join(f"%{byte:02x}" for byte in SECRET.encode()),
        json.dumps(SECRET),
        json.dumps(json.dumps({"key": SECRET})),
        *(base64.b64encode(b"x" * offset + SECRET.encode() + b"yz").decode() for offset in range(3)),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        base64.encodebytes(b"0123456789" * 5 + SECRET.encode()).decode(),
        "".join(chr(ord(each) + 0xFEE0) if each.isascii() else each for each in SECRET),
        "\u200b".join(SECRET),
        "\u00ad\u2060".join(SECRET),
        "\ufe0f".join(SECRET),
        unicodedata.normalize("NFD", SECRET),
        html.escape(SECRET),
        "".join(f"&#{ord(each)};" for each in SECRET),
        "".join(f"&#x{ord(each):x}" for each in html.escape(SECRET)),
        SECRET.encode().hex(),
        SECRET.encode().hex(":").upper(),
        "".join(f"\\x{each:02x}" for each in SECRET.encode()),
        ", ".join(f"0x{each:02X}" for each in SECRET.encode()),
        SECRET[::-1],
        *(base64.b64encode(base64.b64encode(b"x" * offset + SECRET.encode())).decode() for offset in range(3)),
        base64.b64encode(b"key=" + base64.b64encode(SECRET.encode()).rstrip(b"=")).decode().rstrip("="),
        base64.urlsafe_b64encode(b"?" + base64.urlsafe_b64encode(SECRET.encode())).decode().rstrip("="),
    ],
)
def test_a_secret_is_hidden_in_every_form(form: str) -> None:
    assert kept({"note": form}) == {"note": HIDDEN_SECRET}
    assert kept({form: 1}) == {"[secret hidden]": 1}


@pytest.mark.parametrize(
    "token",
    [
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
        "see eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0",
        "kla_abcdefgh_" + "x" * 43,
        "plsec_" + "a" * 43,
        "brsec_" + "B" * 43,
        "Authorization: Bearer abcdef123456",
    ],
)
def test_tokens_of_the_platform_are_hidden(token: str) -> None:
    assert redact.document({"text": token}, secrets=[], phones=[]) == {"text": HIDDEN_SECRET}


SECRET_KEYS = """
    token accessToken access.token token2 oauth2Token idToken access_tokens accessTokens authtoken tokens TOKEN
    X-API-Key x-api-key apiKey apikey APIKEY AWSSecretAccessKey private_key_pem encryptionKeys signing_key
    secret secrets client_secret clientsecret SECRET_KEY
    password passwd PASSWORD passWord newPassword password2 pwd ｐａｓｓｗｏｒｄ passphrase passcode
    authorization proxy-authorization auth basic_auth bearer jwt credentials
    Set-Cookie cookies pin userPin mpesa_pin otp_code card-cvv
"""
PLAIN_KEYS = """
    total_tokens tokens_used tokensUsed promptTokens maxTokens totaltokens tokenizer tokenization
    secretary undersecretary author author_id authority authorized_by auth_type
    pinned spinner opinion shopping key public_key keyboard monkey passenger compass bypass
"""


@pytest.mark.parametrize("key", SECRET_KEYS.split())
def test_a_key_that_names_a_secret_hides_its_value(key: str) -> None:
    assert kept({key: "anything"}) == {key: HIDDEN_SECRET}
    assert kept({key: ["deep"]}) == {key: HIDDEN_SECRET}
    assert kept({key: None}) == {key: None}
    assert kept({key: True}) == {key: True}


@pytest.mark.parametrize("key", PLAIN_KEYS.split())
def test_a_key_that_only_contains_the_letters_of_a_secret_hides_nothing(key: str) -> None:
    assert kept({key: "anything", "usage": {key: 1204}}) == {key: "anything", "usage": {key: 1204}}


def test_a_key_that_counts_or_measures_secrets_hides_nothing() -> None:
    usage = {"tokens": 7, "token_count": 7, "token_expires_in": 3600, "otpLength": 6, "prompt_tokens_details": {"n": 1}}
    assert kept(usage) == usage
    assert kept({"pin": 4711, "token": 4711}) == {"pin": HIDDEN_SECRET, "token": HIDDEN_SECRET}


def test_a_key_with_a_character_that_cannot_be_seen_is_read_without_it() -> None:
    assert kept({"pass\u200bword": "anything"}) == {"pass\u200bword": HIDDEN_SECRET}


@pytest.mark.parametrize(
    "number",
    [
        "+254700000141",
        "254700000141",
        "0700000141",
        "700000141",
        "+254 (700) 000-141",
        "0700.000.141",
        "٠٧٠٠٠٠٠١٤١",
        "%2B254700000141",
        "&#43;254&nbsp;700&#32;000 141",
        "２５４７０００００１４１",
        "2\u200b5\u200b4700000141",
    ],
)
def test_the_phone_number_is_hidden_in_every_form(number: str) -> None:
    text = json.dumps(kept({"to": number, number: "x"}), ensure_ascii=False)
    assert "phone number hidden" in text
    assert Sensitive(secrets=[], phones=[PHONE]).find(text) is None


def test_a_secret_of_little_that_can_be_seen_hides_nothing_else() -> None:
    assert redact.document({"a": "a plain sentence"}, secrets=["\u200b" * 9 + "a"], phones=[]) == {
        "a": "a plain sentence"
    }


def test_a_phone_number_written_as_a_json_number_is_hidden() -> None:
    assert kept([254700000141, 700000141, 700000141.0, 2.54700000141e11, 141]) == [HIDDEN_PHONE] * 4 + [141]


def test_the_words_around_a_phone_number_stay() -> None:
    text = "Call 0700 000 141 or +254 711 222 333, order 12."
    assert kept(text) == "Call [phone number hidden] or [phone number hidden], order 12."


def test_keys_that_read_the_same_once_hidden_do_not_swallow_each_other() -> None:
    assert kept({"0700000141": 1, "700000141": 2}) == {"[phone number hidden]": 1, "[phone number hidden] [2]": 2}


def test_long_texts_lists_and_objects_are_cut_with_a_count() -> None:
    document = {"text": "x" * 50_000, "items": list(range(5_000)), "members": {f"k{n}": n for n in range(3_000)}}
    cut = kept(document)
    assert len(json.dumps(cut)) <= redact.MAX_BYTES
    assert cut["text"].startswith("xxx")
    assert cut["text"].endswith(f"… and {50_000 - len(cut['text'].partition('…')[0])} more characters")
    assert cut["items"][-1] == {"$hidden": f"{5_000 - len(cut['items']) + 1} more items"}
    assert cut["members"]["…"] == {"$hidden": f"{3_000 - len(cut['members']) + 1} more keys"}


def test_levels_too_deep_to_read_are_counted_and_not_followed() -> None:
    document: Any = "bottom"
    for _ in range(5_000):
        document = [document]
    text = json.dumps(kept(document))
    assert text.count("[") == redact.MAX_DEPTH
    assert '{"$hidden": "1 item"}' in text


def test_what_a_database_cannot_store_is_replaced() -> None:
    assert kept({"a\x00": "b\x00", "c": "\ud800"}) == {"a\ufffd": "b\ufffd", "c": "\ufffd"}
    assert kept([math.nan, math.inf, 10**5000, b"raw"]) == [
        {"$hidden": "not a number"},
        {"$hidden": "not a number"},
        {"$hidden": "very large number"},
        {"$hidden": "not JSON"},
    ]


def test_a_marker_written_by_the_plugin_is_cut_like_any_other_text() -> None:
    assert len(json.dumps(kept([{"$hidden": "x" * 60_000}]))) <= redact.MAX_BYTES


texts = st.text(max_size=40) | st.sampled_from(
    [SECRET, PHONE, "0700 000 141", "x" * 3000, "\U0001f600" * 900, quote(SECRET), "%", "\\u0037", "\x00", "\ud83d"]
)
documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.just(254700000141)
    | texts
    | st.lists(texts).map("".join),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(texts, inner, max_size=30),
    max_leaves=60,
)


def _said(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(text for member in value.values() for text in _said(member))]
    if isinstance(value, list):
        return [text for item in value for text in _said(item)]
    return [value if isinstance(value, str) else json.dumps(value)]


@given(documents)
def test_whatever_the_document_nothing_sensitive_survives(document: Any) -> None:
    result = kept(document)
    stored = json.dumps(result, allow_nan=False)
    assert len(stored) <= redact.MAX_BYTES
    assert json.loads(stored) == result
    sought = Sensitive(secrets=[SECRET], phones=[PHONE])
    assert [text for text in _said(result) if sought.find(text)] == []


@pytest.mark.parametrize("phone", ["unknown", "+", ""])
def test_a_phone_without_digits_hides_nothing(phone: str) -> None:
    assert redact.document({"a": "call unknown"}, secrets=[], phones=[phone]) == {"a": "call unknown"}
