import pytest

from kasilabs.lib.text import phone_ids
from tests.support.work import growth

NUMBER = "+254722333444"


@pytest.mark.parametrize(
    "external_id",
    [
        "254722333444@s.whatsapp.net",
        "254722333444@S.WhatsApp.net",
        "254722333444:12@s.whatsapp.net",
        "254722333444_1:12@s.whatsapp.net",
        "254722333444.0:3@s.whatsapp.net",
        "254722333444@c.us",
        "true_254722333444@c.us_3EB0ABCDEF",
        "default_254722333444@c.us",
        "254722333444%40s.whatsapp.net",
        "whatsapp:+254722333444",
        "whatsapp%3A%2B254722333444",
        "whatsapp%253A%252B254722333444",
        "whatsapp:254722333444",
        "WhatsApp 254722333444",
        "wa-254722333444",
        "WA_254722333444",
        "wa:2547 2233 3444",
        "https://wa.me/254722333444?text=hi",
        "https://api.whatsapp.com/send?phone=254722333444",
        "tel:+254-722-333-444",
        "msisdn:254722333444",
        "254722333444",
        "00254722333444",
        "+254 722 333 444",
        "254 722 333 444",
        "(254) 722-333.444",
        "254\u200b722333444",
        "٢٥٤٧٢٢٣٣٣٤٤٤",
        "２５４７２２３３３４４４",
        "wamid.HBgMMjU0NzIyMzMzNDQ0FQIAERgSQUJDREVGMDEyMzQ1Njc4OQA=",
    ],
)
def test_a_number_is_read_in_every_form_gateways_make_an_id_of(external_id: str) -> None:
    assert phone_ids.find(external_id).named == (NUMBER,)


@pytest.mark.parametrize(
    "external_id",
    [
        "chat-254722333444",
        "session.254722333444",
        "instance1_254722333444",
        "106540352242922:254722333444",
        "254722333444-1612345678@g.us",
    ],
)
def test_a_number_beside_other_words_is_only_a_possible_one(external_id: str) -> None:
    found = phone_ids.find(external_id)
    assert (found.named, found.possible) == ((), (NUMBER,))


@pytest.mark.parametrize(
    "external_id",
    [
        "chat-1",
        "254722333444@lid",
        "254722333444:12@lid",
        "254722333444@broadcast",
        "120363041234567890@g.us",
        "order 20261127000123",
        "20261127000123",
        "2026112712",
        "conv_1764230400123",
        "1764230400",
        "chat-000000123456",
        "ticket 4711222333",
        "order-254722333444",
        "2026-11-27T10:00:00Z",
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "ord_01m865m7cgfh7v8swc8d0hnd33",
        "wamid.not base64",
        "wamid.AAAAAAAAAAAAA",
        "%",
    ],
)
def test_an_id_that_merely_has_digits_is_no_number(external_id: str) -> None:
    found = phone_ids.find(external_id)
    assert (found.named, found.possible) == ((), ())


def test_both_numbers_of_an_id_are_read() -> None:
    assert phone_ids.find("whatsapp:+14155238886:whatsapp:+254722333444").named == ("+14155238886", NUMBER)


@pytest.mark.parametrize("piece", ["a", "1", "1 ", "00", "wa ", "%25", "a@", "1@", "wamid.", "+1", "٧"])
def test_what_a_long_id_costs_grows_with_its_length_alone(piece: str) -> None:
    assert growth(lambda length: phone_ids.find((piece * length)[:length]), 16_000) < 10
