import pytest
from pytest_django import DjangoAssertNumQueries

from kasilabs.accounts.models import Notice, NoticePreference, OutgoingMail, User
from kasilabs.accounts.notices import kinds
from kasilabs.accounts.notices.notify import notify
from tests.support import factories, mails
from tests.support.visits import As, page

PAGE = "/notices/"
KIND = "sign_in_warning"
PARAMETERS: dict[str, str | int] = {"count": 21, "time": "27 Nov 2026, 12:00 UTC", "address": "192.0.2.66"}
TEXT = "the last one from 192.0.2.66"


def warn(user: User, *, link: str = "", address: str = "192.0.2.66") -> Notice:
    return notify(user=user, kind=KIND, parameters={**PARAMETERS, "address": address}, link=link)


@pytest.mark.django_db(transaction=True)
def test_a_notice_stands_in_the_list_and_in_a_mail(as_: As) -> None:
    cast = factories.cast()
    warn(cast.viewer, link="/accounts/password/change/")
    assert TEXT in page(as_(cast.viewer).get(PAGE))
    (mail,) = mails.sent()
    assert (mail.to, mail.subject) == ([cast.viewer.email], "KasiLabs: Somebody tries to sign in as you")
    assert TEXT in mail.body
    assert "http://127.0.0.1:8000/accounts/password/change/" in mail.body


def test_a_notice_of_an_organization_names_it(cast: factories.Cast, as_: As) -> None:
    notify(user=cast.viewer, kind=KIND, parameters=PARAMETERS, organization=cast.organization)
    assert "<small>Kasi Legal</small>" in page(as_(cast.viewer).get(PAGE))


def test_nobody_sees_or_reads_the_notices_of_others(cast: factories.Cast, as_: As) -> None:
    notice = warn(cast.viewer)
    client = as_(cast.admin)
    assert TEXT not in page(client.get(PAGE))
    assert client.post(f"{PAGE}{notice.pk}/read/").status_code == 404
    client.post(f"{PAGE}read/")
    assert cast.viewer.notices.unread().count() == 1


def test_reading_leads_to_what_it_is_about(cast: factories.Cast, as_: As) -> None:
    notice = warn(cast.viewer, link="/accounts/password/change/")
    assert as_(cast.viewer).post(f"{PAGE}{notice.pk}/read/")["Location"] == "/accounts/password/change/"
    assert not cast.viewer.notices.unread().exists()


def test_reading_a_second_time_keeps_when_it_was_read(cast: factories.Cast, as_: As) -> None:
    notice, client = warn(cast.viewer), as_(cast.viewer)
    client.post(f"{PAGE}{notice.pk}/read/")
    first = Notice.objects.get().read
    assert client.post(f"{PAGE}{notice.pk}/read/")["Location"] == PAGE
    assert Notice.objects.get().read == first


def test_all_are_marked_as_read_at_once(cast: factories.Cast, as_: As) -> None:
    warn(cast.viewer)
    warn(cast.viewer)
    warn(cast.admin)
    shown = page(as_(cast.viewer).post(f"{PAGE}read/", follow=True))
    assert "Mark all as read" not in shown
    assert list(Notice.objects.unread().values_list("user", flat=True)) == [cast.admin.pk]


@pytest.mark.parametrize("path", [PAGE, "/o/kasi-legal/"])
def test_every_page_counts_what_is_unread(cast: factories.Cast, as_: As, path: str) -> None:
    warn(cast.viewer)
    warn(cast.viewer)
    warn(cast.admin)
    assert '<b>2</b> <span class="visually-hidden">unread notices</span>' in page(as_(cast.viewer).get(path))


def test_who_wants_no_mail_gets_the_notice_alone(cast: factories.Cast, as_: As) -> None:
    as_(cast.viewer).post(f"{PAGE}mails/", {})
    warn(cast.viewer)
    assert (Notice.objects.count(), OutgoingMail.objects.count()) == (1, 0)
    warn(cast.admin)
    assert OutgoingMail.objects.get().recipient == cast.admin.email


def test_the_choice_is_kept_and_shown(cast: factories.Cast, as_: As) -> None:
    client = as_(cast.viewer)
    assert page(client.get(PAGE)).count("checked") == len(kinds.registered())
    shown = page(client.post(f"{PAGE}mails/", {}, follow=True))
    assert "Your choice was saved." in shown
    assert "checked" not in shown
    client.post(f"{PAGE}mails/", {"mailed": KIND})
    assert NoticePreference.objects.get(is_mailed=True).kind == KIND


@pytest.mark.parametrize("wrong", ["nothing_like_it", "", "\0", "x" * 10_000])
def test_a_kind_that_is_not_there_is_refused(cast: factories.Cast, as_: As, wrong: str) -> None:
    assert as_(cast.viewer).post(f"{PAGE}mails/", {"mailed": wrong}).status_code == 422
    assert not NoticePreference.objects.exists()


def test_what_a_notice_names_is_never_markup(cast: factories.Cast, as_: As) -> None:
    warn(cast.viewer, address="<b>%(x)s</b>")
    assert "&lt;b&gt;%(x)s&lt;/b&gt;" in page(as_(cast.viewer).get(PAGE))


def test_a_kind_of_a_later_version_is_said_to_be_unknown(cast: factories.Cast, as_: As) -> None:
    Notice.objects.create(user=cast.viewer, kind="circuit_open")
    assert "cannot describe (circuit_open)" in page(as_(cast.viewer).get(PAGE))


def test_a_notice_without_its_parameters_is_a_fault_of_whoever_writes_it(cast: factories.Cast) -> None:
    with pytest.raises(KeyError):
        notify(user=cast.viewer, kind=KIND)
    assert not Notice.objects.exists()


def test_somebody_without_notices_reads_what_will_stand_here(cast: factories.Cast, as_: As) -> None:
    assert "Nothing to tell you" in page(as_(cast.reviewer).get(PAGE))


def test_older_notices_are_on_the_next_page_and_its_link_is_ours(cast: factories.Cast, as_: As) -> None:
    for number in range(51):
        warn(cast.viewer, address=f"host-{number}.")
    first = page(as_(cast.viewer).get(PAGE))
    cursor = first.split("?after=")[1].split('"')[0]
    assert "host-0." not in first
    assert "host-0." in page(as_(cast.viewer).get(f"{PAGE}?after={cursor}"))
    assert as_(cast.admin).get(f"{PAGE}?after={cursor}").status_code == 404


@pytest.mark.parametrize("rows", [1, 40])
def test_the_page_costs_the_same_for_one_and_forty(
    cast: factories.Cast, as_: As, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(rows):
        notify(user=cast.viewer, kind=KIND, parameters=PARAMETERS, organization=cast.organization)
    client = as_(cast.viewer)
    with django_assert_num_queries(6):  # session, user; preferences, notices, unread, memberships
        assert client.get(PAGE).status_code == 200
