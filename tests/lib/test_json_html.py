from typing import Any

from kasilabs.lib.documents import json_html


def test_hostile_text_is_escaped_in_keys_and_values() -> None:
    shown = json_html.render({"<script>": "</q><img src=x onerror=alert(1)>"})
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;" in shown


def test_characters_that_hide_or_reorder_are_written_out() -> None:
    shown = json_html.render("pay \u202eyap\u200b Zoë 🙂")
    assert shown == '<div class="k-json"><div><q>&quot;pay \\u202eyap\\u200b Zoë 🙂&quot;</q></div></div>'


def test_two_levels_are_open_and_the_third_is_folded() -> None:
    shown = json_html.render({"a": {"b": {"c": 1}}})
    assert shown.count("<details open>") == 2
    assert shown.count("<details>") == 1


def test_removed_values_are_sentences_and_not_data() -> None:
    shown = json_html.render({"configuration": {"$hidden": "6 keys, 1 secret hidden"}, "key": "[hidden: secret]"})
    assert "<em>6 keys, 1 secret hidden</em>" in shown
    assert "<em>secret</em>" in shown
    assert "$hidden" not in shown


def test_depth_is_bounded() -> None:
    deep: Any = "bottom"
    for _ in range(900):
        deep = [deep]
    shown = json_html.render(deep)
    assert shown.count("<details") == json_html.MAX_DEPTH
    assert "bottom" not in shown


def test_rows_are_bounded_and_the_rest_is_counted() -> None:
    shown = json_html.render(list(range(json_html.MAX_ROWS + 7)))
    assert shown.count("<var>") == json_html.MAX_ROWS
    assert "7 more not shown" in shown


def test_long_text_is_cut_and_says_so() -> None:
    shown = json_html.render("x" * (json_html.MAX_TEXT + 12))
    assert "12 more characters" in shown
    assert "x" * (json_html.MAX_TEXT + 1) not in shown


def test_plain_values_read_as_json() -> None:
    shown = json_html.render({"yes": True, "none": None, "empty": {}, "figure": 1.5})
    assert [f"<var>{word}</var>" in shown for word in ("true", "null", "{}", "1.5")] == [True] * 4
