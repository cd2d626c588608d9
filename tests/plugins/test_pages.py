import hashlib
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from kasilabs.lib.states import Mode
from plugins import signing_secrets
from plugins.models import Plugin, SigningSecret, Version
from tests.support import factories
from tests.support.factories import ACTOR
from tests.support.markup import MOST_COMPRESSED_BYTES, compressed_size
from tests.support.visits import As, page
from tests.support.work import at_most_calls

HOSTILE = "<img src=x onerror=alert(1)>{{ 7|add:7 }}\u202eevil\u200b"


def url(cast: factories.Cast, name: str, *arguments: str) -> str:
    return reverse(f"plugins:{name}", args=[cast.organization.slug, *arguments])


def add(cast: factories.Cast, as_: As, **sent: Any) -> Any:
    return as_(cast.developer).post(url(cast, "new"), sent)


def file(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("manifest.json", content)


def test_a_pasted_manifest_becomes_a_version_and_leads_to_it(cast: factories.Cast, as_: As) -> None:
    answer = add(cast, as_, text=factories.manifest().decode())
    assert answer.status_code == 302
    assert answer["Location"] == url(cast, "version", "SUPPORT_DESK", "1.0.0")
    assert Version.objects.get().created_by == cast.developer


def test_a_manifest_file_becomes_a_version(cast: factories.Cast, as_: As) -> None:
    assert add(cast, as_, file=file(factories.manifest())).status_code == 302
    assert Version.objects.get().plugin.owner == cast.organization


def test_the_same_manifest_again_says_that_nothing_changed(cast: factories.Cast, as_: As) -> None:
    factories.version(cast.organization)
    client = as_(cast.developer)
    answer = client.post(url(cast, "new"), {"text": factories.manifest().decode()}, follow=True)
    assert "SUPPORT_DESK 1.0.0 was there already, unchanged" in page(answer)


def test_each_fault_stands_under_its_line_and_what_was_pasted_stays(cast: factories.Cast, as_: As) -> None:
    raw = factories.manifest(version="1.0.0.0", permissions=[{"key": "toolkit:PAYMENTS:refund_manage"}]).decode()
    answer = add(cast, as_, text=raw)
    shown = " ".join(page(answer).split())
    assert answer.status_code == 422
    line = shown[shown.index('<li class="wrong" id="line-3">') :]
    assert "&quot;version&quot;: &quot;1.0.0.0&quot;," in line[: line.index("</code>")]
    assert "<code>bad_format /version</code>" in line[: line.index("</li>")]
    assert "<code>platform_permission /permissions/0/key</code>" in shown
    assert answer.context["form"]["text"].value() == raw
    assert Version.objects.count() == 0


def test_a_manifest_with_forty_faults_stays_readable(cast: factories.Cast, as_: As) -> None:
    unknown = {f"unknown{number}": number for number in range(40)}
    answer = add(cast, as_, text=factories.manifest(**unknown).decode())
    shown = " ".join(page(answer).split())
    assert "40 things in this manifest need a change" in shown
    assert shown.count('<li class="wrong"') == 40
    assert shown.count("unknown_key /unknown") == 40
    assert compressed_size(answer.content) <= MOST_COMPRESSED_BYTES


def test_that_there_are_more_than_a_hundred_faults_is_said(cast: factories.Cast, as_: As) -> None:
    unknown = {f"unknown{number}": number for number in range(140)}
    shown = page(add(cast, as_, text=factories.manifest(**unknown).decode()))
    assert "More than 100 things in this manifest need a change" in shown
    assert "There are more faults than these 100. Correct these first." in shown
    assert shown.count('class="k-fault"') == 101


def test_a_manifest_of_eighty_thousand_empty_tools_is_answered_with_little_work(cast: factories.Cast, as_: As) -> None:
    raw = factories.manifest(tools=[]).decode().replace('"tools": []', f'"tools": [{",".join(["{}"] * 80_000)}]')
    with at_most_calls(5_000_000):
        shown = page(add(cast, as_, text=raw))
    assert "More than 100 things in this manifest need a change" in shown


def test_a_manifest_on_one_long_line_is_cut_on_the_page_and_kept_in_the_field(cast: factories.Cast, as_: As) -> None:
    raw = json.dumps({"slug": "x" * 90_000})
    answer = add(cast, as_, text=raw)
    assert len(answer.context["excerpt"].lines[0].text) == 240
    assert answer.context["form"]["text"].value() == raw


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "This file is empty."),
        (b"\x89PNG\r\n\x1a\n\xff\xd8", "This is not UTF-8 text."),
        (b"{", "This is not valid JSON."),
        (b"[]", "This must be one JSON object."),
        (b" " * (256 * 1024 + 1), "a manifest has at most 256 KiB."),
    ],
)
def test_a_file_that_is_no_manifest_gets_a_sentence(
    cast: factories.Cast, as_: As, content: bytes, sentence: str
) -> None:
    answer = add(cast, as_, file=file(content))
    assert answer.status_code == 422
    assert sentence in page(answer)
    assert Plugin.objects.count() == 0


def test_nothing_sent_gets_a_sentence(cast: factories.Cast, as_: As) -> None:
    answer = add(cast, as_, text="  \n ")
    assert (answer.status_code, answer.context["form"].errors["text"]) == (422, ["Paste a manifest, or choose a file."])


def test_file_and_paste_together_are_not_guessed_at(cast: factories.Cast, as_: As) -> None:
    answer = add(cast, as_, text=factories.manifest().decode(), file=file(factories.manifest(version="2.0.0")))
    assert answer.context["form"].errors["file"] == ["There is a file and a pasted manifest. Keep one of them."]
    assert Version.objects.count() == 0


def test_too_much_text_is_refused_and_kept(cast: factories.Cast, as_: As) -> None:
    raw = "x" * (300 * 1024)
    answer = add(cast, as_, text=raw)
    assert answer.status_code == 422
    assert "The manifest is larger than 256 KiB." in page(answer)
    assert answer.context["form"]["text"].value() == raw


def test_a_text_many_times_too_large_is_refused_on_the_page_and_not_sent_back(cast: factories.Cast, as_: As) -> None:
    answer = add(cast, as_, text="x" * 3_000_000)
    assert answer.status_code == 422
    assert "The manifest is larger than 256 KiB." in page(answer)
    assert "What you pasted has 2.9\xa0MB, too much to be kept in this field." in page(answer)
    assert compressed_size(answer.content) <= MOST_COMPRESSED_BYTES


def test_hostile_text_is_shown_and_never_runs(cast: factories.Cast, as_: As) -> None:
    words = {"title": HOSTILE, "description": f"Create a ticket. Use this when {HOSTILE}"}
    tool = factories.SUPPORT_DESK["tools"][0] | words
    permission = factories.SUPPORT_DESK["permissions"][0] | {"label": HOSTILE, "description": HOSTILE}
    queue = {"type": "string", "title": HOSTILE, "description": HOSTILE, "default": HOSTILE}
    factories.version(
        cast.organization,
        name=HOSTILE[:60],
        description=HOSTILE,
        permissions=[permission],
        tools=[tool],
        configurationSchema={"type": "object", "properties": {"queue": queue}},
    )
    for name, arguments in [("version", ["SUPPORT_DESK", "1.0.0"]), ("detail", ["SUPPORT_DESK"]), ("list", [])]:
        shown = page(as_(cast.developer).get(url(cast, name, *arguments)))
        assert "&lt;img src=x onerror=alert(1)&gt;{{ 7|add:7 }}" in shown
        assert "<img src=x" not in shown
        assert not {"\u202e", "\u200b"} & set(shown)
        assert "U+202E right-to-left override" in shown


def test_hostile_text_in_a_refused_manifest_is_shown_and_never_runs(cast: factories.Cast, as_: As) -> None:
    shown = page(add(cast, as_, text=factories.manifest(**{HOSTILE: 1}).decode()))
    shown = shown[: shown.index("<textarea")]
    assert "unknown_key" in shown
    assert "<img src=x" not in shown
    assert not {"\u202e", "\u200b"} & set(shown)


def test_the_version_page_shows_the_whole_snapshot(cast: factories.Cast, as_: As) -> None:
    version = factories.version(cast.organization)
    shown = page(as_(cast.viewer).get(url(cast, "version", "SUPPORT_DESK", "1.0.0")))
    for words in ["support_desk__create_support_ticket", "https://support.example/tools", "support:tickets:create"]:
        assert words in shown
    for words in ["Default queue", "API key", "at most 40 characters", "Design checklist", version.digest]:
        assert words in shown


@pytest.mark.parametrize(
    ("columns", "marks"),
    [
        ({}, 1),
        ({"response_bytes": 8192}, 0),
        ({"plugin_status": 503}, 0),
        ({"version": "0.9.0"}, 0),
        ({"plugin": "OTHER"}, 0),
    ],
)
def test_the_version_page_marks_a_tool_that_gave_a_long_answer(
    cast: factories.Cast, as_: As, columns: dict[str, Any], marks: int
) -> None:
    factories.version(cast.organization)
    number, foreign = factories.number(cast.organization), factories.number(cast.rival)
    factories.call(number, **{"response_bytes": 8193, "plugin_status": 200, **columns})
    factories.call(foreign, response_bytes=9000, plugin_status=200, tool="of_a_stranger")
    shown = page(as_(cast.viewer).get(url(cast, "version", "SUPPORT_DESK", "1.0.0")))
    assert shown.count("These gave answers over 8 KiB") == marks


def test_the_download_is_what_the_digest_was_computed_over(cast: factories.Cast, as_: As) -> None:
    version = factories.version(cast.organization, description="Tickets für 😀")
    answer = as_(cast.viewer).get(url(cast, "download", "SUPPORT_DESK", "1.0.0"))
    assert hashlib.sha256(answer.content).hexdigest() == version.digest
    assert answer["Content-Disposition"] == 'attachment; filename="SUPPORT_DESK-1.0.0.json"'
    assert answer["Content-Type"] == "application/json"


def secrets_of(version: Version) -> list[str]:
    signing_secrets.create_missing(plugin=version.plugin, mode=Mode.SANDBOX, actor=ACTOR)
    return [secret.reveal() for secret in version.plugin.signing_secrets.live().filter(mode=Mode.SANDBOX)]


def test_the_secrets_are_shown_once_in_an_answer_nobody_keeps(cast: factories.Cast, as_: As) -> None:
    texts = secrets_of(factories.version(cast.organization))
    client = as_(cast.developer)
    assert "Show the secrets once" in page(client.get(url(cast, "detail", "SUPPORT_DESK")))
    answer = client.post(url(cast, "show_secrets", "SUPPORT_DESK"))
    assert all(text in page(answer) for text in texts)
    assert "no-store" in answer["Cache-Control"]
    again = page(client.post(url(cast, "show_secrets", "SUPPORT_DESK")))
    assert "There is nothing left to show." in again
    assert not [text for text in texts if text in again]


def test_somebody_who_may_not_develop_sees_no_sign_of_the_secrets(cast: factories.Cast, as_: As) -> None:
    secrets_of(factories.version(cast.organization))
    shown = page(as_(cast.viewer).get(url(cast, "detail", "SUPPORT_DESK")))
    assert "Signing secrets" not in shown
    assert as_(cast.operator).post(url(cast, "show_secrets", "SUPPORT_DESK")).status_code == 403
    assert SigningSecret.objects.filter(shown=None).count() == 2


def test_the_plugins_of_a_neighbour_are_not_there(cast: factories.Cast, as_: As) -> None:
    secrets_of(factories.version(cast.rival))
    client = as_(cast.developer)
    assert client.get(url(cast, "detail", "SUPPORT_DESK")).status_code == 404
    assert client.get(url(cast, "version", "SUPPORT_DESK", "1.0.0")).status_code == 404
    assert client.get(url(cast, "download", "SUPPORT_DESK", "1.0.0")).status_code == 404
    assert client.post(url(cast, "show_secrets", "SUPPORT_DESK")).status_code == 404
    assert "SUPPORT_DESK" not in page(client.get(url(cast, "list")))
    assert SigningSecret.objects.filter(shown=None).count() == 2


def test_secrets_that_cannot_be_opened_say_so_and_stay_unshown(cast: factories.Cast, as_: As) -> None:
    secrets_of(factories.version(cast.organization))
    SigningSecret.objects.update(value="v1.gone.AAAA")
    answer = as_(cast.developer).post(url(cast, "show_secrets", "SUPPORT_DESK"))
    assert "cannot be opened" in page(answer)
    assert SigningSecret.objects.filter(shown=None).count() == 2


def test_an_empty_list_says_the_next_act(cast: factories.Cast, as_: As) -> None:
    shown = page(as_(cast.developer).get(url(cast, "list")))
    assert "Your first plugin starts with a manifest" in shown
    assert url(cast, "new") not in page(as_(cast.viewer).get(url(cast, "list")))


def many_versions(cast: factories.Cast, count: int) -> Plugin:
    first = factories.version(cast.organization)
    Version.objects.bulk_create(
        Version(plugin=first.plugin, semver=f"1.0.{number}", document={}, digest="d", name="Support Desk")
        for number in range(1, count)
    )
    return first.plugin


def test_lists_go_on_behind_a_cursor(cast: factories.Cast, as_: As) -> None:
    many_versions(cast, 60)
    client, address = as_(cast.viewer), url(cast, "detail", "SUPPORT_DESK")
    page = client.get(address).context["page"]
    rest = client.get(address + f"?after={page.older}").context["page"]
    assert (len(page.rows), page.newer) == (50, "")
    assert (len(rest.rows), bool(rest.newer), rest.older) == (10, True, "")
    assert len({version.semver for version in [*page.rows, *rest.rows]}) == 60
    assert client.get(url(cast, "list") + f"?after={page.older}").status_code == 404


@pytest.mark.parametrize("name", ["list", "detail"])
def test_a_page_costs_the_same_for_one_row_and_for_many(
    cast: factories.Cast, as_: As, name: str, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    plugin = many_versions(cast, 1)
    address = url(cast, name, *(["SUPPORT_DESK"] if name == "detail" else []))
    client = as_(cast.developer)
    with django_assert_max_num_queries(8 + 3) as spent:
        client.get(address)
    Plugin.objects.bulk_create(Plugin(slug=f"P{number}", owner=plugin.owner) for number in range(100))
    rows = [Version(plugin=each, semver="2.0.0", document={}, digest="d", name="N") for each in Plugin.objects.all()]
    rows += [Version(plugin=plugin, semver=f"3.0.{number}", document={}, digest="d", name="N") for number in range(99)]
    Version.objects.bulk_create(rows)
    with django_assert_num_queries(len(spent)):
        client.get(address)
