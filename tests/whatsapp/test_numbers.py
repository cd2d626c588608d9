import re
from functools import partial

import pytest
from pytest_django import DjangoAssertNumQueries

from kasilabs.accounts import audit
from kasilabs.accounts.models import AuditEntry
from kasilabs.lib.refusal import Refused
from kasilabs.whatsapp import agent_keys, numbers
from kasilabs.whatsapp.models import AgentKey, Instance
from kasilabs.whatsapp.numbers import Settings
from tests.support import factories, trail
from tests.support.concurrency import at_once, or_error
from tests.support.visits import As, hidden_fields, page

COMMAND = audit.Actor.command("test")
LIST = "/o/kasi-legal/numbers/"
TYPED = {"name": "Front Desk", "number": "+254 (700) 000-141", "system_prompt": "Be kind.\r\nBe short."}


@pytest.fixture
def number(cast: factories.Cast) -> Instance:
    return factories.number(cast.organization)


def page_of(number: Instance, then: str = "") -> str:
    return f"{LIST}{number.public_id}/{then}"


def test_an_admin_adds_a_number_as_people_write_it(cast: factories.Cast, as_: As) -> None:
    answer = as_(cast.admin).post(f"{LIST}new/", TYPED)
    made = Instance.objects.get()
    assert (made.name, made.number, made.system_prompt) == ("Front Desk", "+254700000141", "Be kind.\nBe short.")
    assert answer["Location"] == page_of(made)
    entry = trail.entries().get()
    assert (entry.action, entry.actor, entry.target) == ("number.added", cast.admin.email, made.public_id)


@pytest.mark.parametrize(
    "wrong",
    ["0700000141", "254700000141", "+0700000141", "+2547000", "+254700000141 ext 3", "+٢٥٤٧٠٠٠٠٠١٤١", "+" + "1" * 16],
)
def test_a_number_in_another_form_is_said_with_an_example(cast: factories.Cast, as_: As, wrong: str) -> None:
    answer = as_(cast.admin).post(f"{LIST}new/", {**TYPED, "number": wrong})
    assert answer.status_code == 422
    assert "as in +254 700 000 141" in page(answer)
    assert "Be short." in page(answer)
    assert Instance.objects.count() == 0


def test_a_trunk_zero_in_brackets_is_no_part_of_the_number(cast: factories.Cast, as_: As) -> None:
    assert as_(cast.admin).post(f"{LIST}new/", {**TYPED, "number": "+254-(0)711-000-111"}).status_code == 302
    assert Instance.objects.get().number == "+254711000111"


def test_an_invisible_character_in_a_number_is_named_under_the_field(cast: factories.Cast, as_: As) -> None:
    answer = as_(cast.admin).post(f"{LIST}new/", {**TYPED, "number": "+254\u00ad711000105"})
    assert answer.status_code == 422
    assert "U+00AD soft hyphen" in page(answer)


def test_a_number_of_another_organization_is_refused_without_naming_it(cast: factories.Cast, as_: As) -> None:
    taken = factories.number(cast.rival, "Secret Line")
    answer = as_(cast.admin).post(f"{LIST}new/", {**TYPED, "number": taken.number})
    text = page(answer)
    assert answer.status_code == 422
    assert "This number is already connected." in text
    assert "Rival" not in text
    assert "Secret Line" not in text
    assert cast.organization.instances.count() == 0


def test_a_name_is_given_once_in_an_organization(cast: factories.Cast, number: Instance) -> None:
    with pytest.raises(Refused) as refused:
        numbers.add(organization=cast.organization, settings=Settings(number.name, "+254700000999"), actor=COMMAND)
    assert (refused.value.code, Instance.objects.count()) == ("name_taken", 1)
    other = numbers.add(organization=cast.rival, settings=Settings(number.name, "+254700000999"), actor=COMMAND)
    assert other.name == number.name


@pytest.mark.parametrize("name", ["LEGAL consultations", "legal consultations "])
def test_a_name_in_other_letters_is_the_same_name(cast: factories.Cast, as_: As, number: Instance, name: str) -> None:
    answer = as_(cast.admin).post(f"{LIST}new/", {**TYPED, "name": name, "number": "+254700000999"})
    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "name": ["Another number has this name. Choose one that tells them apart."]
    }
    assert Instance.objects.count() == 1
    assert as_(cast.admin).post(page_of(number, "edit/"), {**TYPED, "name": number.name.upper()}).status_code == 302


def test_a_name_with_something_unseen_is_refused(cast: factories.Cast, as_: As) -> None:
    answer = as_(cast.admin).post(f"{LIST}new/", {**TYPED, "name": "Front\u2067Desk"})
    assert answer.status_code == 422
    assert "Leave out what cannot be seen: U+2067 right-to-left isolate." in page(answer)
    assert Instance.objects.count() == 0


def test_editing_notes_what_changed(cast: factories.Cast, as_: As, number: Instance) -> None:
    typed = {"name": "Reception", "number": number.number, "system_prompt": ""}
    assert as_(cast.admin).post(page_of(number, "edit/"), typed).status_code == 302
    entry = trail.entries().get()
    assert (entry.before, entry.after) == ({"name": "Legal Consultations"}, {"name": "Reception"})


def test_saving_without_a_change_writes_nothing(cast: factories.Cast, as_: As, number: Instance) -> None:
    typed = {"name": number.name, "number": number.number, "system_prompt": ""}
    assert as_(cast.admin).post(page_of(number, "edit/"), typed).status_code == 302
    assert AuditEntry.objects.count() == 0


def test_a_page_from_before_somebody_elses_change_overwrites_nothing(
    cast: factories.Cast, as_: As, number: Instance
) -> None:
    admin, url = as_(cast.admin), page_of(number, "edit/")
    typed = {"name": "Reception", "number": number.number, "system_prompt": ""}
    opened = hidden_fields(admin.get(url))
    theirs = Settings(number.name, number.number, "Be kind.")
    numbers.edit(instance=number, settings=theirs, actor=COMMAND)
    answer = admin.post(url, {**opened, **typed})
    assert answer.status_code == 409
    assert re.findall(r'<th scope="row" class="k-wrap">(.*?)</th><td class="k-wrap">(.*?)</td>', page(answer)) == [
        ("Name", "Legal Consultations"),
        ("System prompt", "Be kind."),
    ]
    assert 'value="Reception"' in page(answer)
    number.refresh_from_db()
    assert Settings.of(number) == theirs
    assert admin.post(url, {**hidden_fields(answer), **typed}).status_code == 302
    number.refresh_from_db()
    assert (number.name, number.system_prompt) == ("Reception", "")


def test_two_who_save_the_same_do_not_meet(cast: factories.Cast, as_: As, number: Instance) -> None:
    admin, url = as_(cast.admin), page_of(number, "edit/")
    opened = hidden_fields(admin.get(url))
    numbers.edit(instance=number, settings=Settings("Reception", number.number), actor=COMMAND)
    typed = {"name": "Reception", "number": number.number, "system_prompt": ""}
    assert admin.post(url, {**opened, **typed}).status_code == 302


def test_a_system_prompt_too_long_is_refused_and_kept(cast: factories.Cast, as_: As, number: Instance) -> None:
    typed = {"name": number.name, "number": number.number, "system_prompt": "x" * 8001}
    answer = as_(cast.admin).post(page_of(number, "edit/"), typed)
    assert answer.status_code == 422
    assert "x" * 8001 in page(answer)
    number.refresh_from_db()
    assert number.system_prompt == ""


def test_an_operator_suspends_and_resumes(cast: factories.Cast, as_: As, number: Instance) -> None:
    client = as_(cast.operator)
    for act, state in (("suspend", "suspended"), ("suspend", "suspended"), ("resume", "active")):
        assert client.post(page_of(number, f"{act}/")).status_code == 302
        number.refresh_from_db()
        assert number.state == state
    assert list(trail.entries().values_list("action", flat=True)) == ["number.suspended", "number.resumed"]


def test_a_key_is_shown_once_and_not_stored_by_the_browser(cast: factories.Cast, as_: As, number: Instance) -> None:
    client = as_(cast.admin)
    answer = client.post(page_of(number, "keys/new/"))
    prefix = AgentKey.objects.get().prefix
    assert f"kla_{prefix}_" in page(answer).replace("kla_" + prefix + "_…", "")
    assert "no-store" in answer["Cache-Control"]
    again = page(client.get(page_of(number)))
    assert again.replace(f"kla_{prefix}_…", "").count(prefix) == 0


def test_asking_for_a_key_twice_shows_no_second(cast: factories.Cast, as_: As, number: Instance) -> None:
    client = as_(cast.admin)
    client.post(page_of(number, "keys/new/"))
    assert client.post(page_of(number, "keys/new/")).status_code == 409
    assert AgentKey.objects.count() == 1


def test_rotating_from_the_page_shows_the_new_key_and_until_when_the_old_works(
    cast: factories.Cast, as_: As, number: Instance
) -> None:
    agent_keys.issue(instance=number, actor=COMMAND)
    old = number.agent_keys.live().get()
    answer = as_(cast.admin).post(page_of(number, f"keys/{old.id}/rotate/"))
    assert "The old key works until" in page(answer)
    assert number.agent_keys.live().count() == 2
    assert as_(cast.admin).post(page_of(number, f"keys/{old.id}/rotate/")).status_code == 409


def test_revoking_asks_first(cast: factories.Cast, as_: As, number: Instance) -> None:
    agent_keys.issue(instance=number, actor=COMMAND)
    key = number.agent_keys.live().get()
    client, url = as_(cast.admin), page_of(number, f"keys/{key.id}/revoke/")
    assert "is the only key" in page(client.get(url))
    assert number.agent_keys.live().count() == 1
    assert client.post(url).status_code == 302
    assert number.agent_keys.live().count() == 0


def test_a_key_that_became_the_only_one_is_not_revoked_as_one_of_two(
    cast: factories.Cast, as_: As, number: Instance
) -> None:
    agent_keys.issue(instance=number, actor=COMMAND)
    agent_keys.rotate(instance=number, actor=COMMAND)
    newer, older = number.agent_keys.live()
    admin, url = as_(cast.admin), page_of(number, f"keys/{newer.id}/revoke/")
    opened = hidden_fields(admin.get(url))
    agent_keys.revoke(key=older, actor=COMMAND)
    answer = admin.post(url, opened)
    assert answer.status_code == 409
    assert "The page said: another key keeps working" in page(answer)
    assert "Now it is: the only key" in page(answer)
    assert number.agent_keys.live().get() == newer
    assert admin.post(url, hidden_fields(answer)).status_code == 302
    assert not number.agent_keys.live().exists()


def test_a_key_of_another_number_is_not_found(cast: factories.Cast, as_: As, number: Instance) -> None:
    other = factories.number(cast.rival)
    agent_keys.issue(instance=other, actor=COMMAND)
    key = other.agent_keys.live().get()
    assert as_(cast.admin).post(page_of(number, f"keys/{key.id}/revoke/")).status_code == 404
    assert other.agent_keys.live().count() == 1


def test_a_number_of_another_organization_is_not_found(cast: factories.Cast, as_: As) -> None:
    other = factories.number(cast.rival)
    client = as_(cast.owner)
    assert client.get(page_of(other)).status_code == 404
    assert client.post(page_of(other, "suspend/")).status_code == 404
    other.refresh_from_db()
    assert other.state == "active"


def test_a_viewer_sees_the_number_and_no_buttons(cast: factories.Cast, as_: As, number: Instance) -> None:
    agent_keys.issue(instance=number, actor=COMMAND)
    text = page(as_(cast.viewer).get(page_of(number)))
    assert number.name in text
    assert [word for word in ("suspend/", "edit/", "rotate/", "revoke/", "keys/new/") if word in text] == []


def test_hostile_text_is_shown_as_text(cast: factories.Cast, as_: As) -> None:
    hostile = "<script>alert(1)</script>"
    made = numbers.add(
        organization=cast.organization, settings=Settings(hostile, "+254700000141", hostile), actor=COMMAND
    )
    for url in (LIST, page_of(made), page_of(made, "edit/")):
        text = page(as_(cast.admin).get(url))
        assert hostile not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.parametrize("rows", [10, 1000])
def test_the_list_costs_the_same_for_ten_and_a_thousand(
    cast: factories.Cast, as_: As, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Instance.objects.bulk_create(
        Instance(organization=cast.organization, name=f"N{n}", number=f"+25471{n:07}") for n in range(rows)
    )
    client = as_(cast.viewer)
    with django_assert_num_queries(5):  # session, user, membership; side bar, numbers
        assert client.get(LIST).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_number_added_by_two_organizations_at_once_belongs_to_one() -> None:
    typed = Settings("N", "+254700000141")
    add = partial(numbers.add, settings=typed, actor=COMMAND)
    done = at_once(*[or_error(partial(add, organization=factories.organization())) for _ in range(4)])
    assert sum(isinstance(each, Instance) for each in done) == 1
    assert [each.code for each in done if isinstance(each, Refused)] == ["number_taken"] * 3
