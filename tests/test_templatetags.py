import datetime as dt
import json
import re

import pytest
from django import forms
from django.template import engines
from django.template.loader import get_template
from django.test import RequestFactory
from django.utils import timezone

from kasilabs.templatetags import formatting, icons, states
from tests.support.markup import one_line


class Order(forms.Form):
    depot = forms.CharField(label="Depot code", help_text="As in NKR-02.")
    pay = forms.ChoiceField(choices=[("m", "M-Pesa"), ("d", "On delivery")], widget=forms.RadioSelect)
    night = forms.BooleanField(required=False)
    note = forms.CharField(required=False, widget=forms.TextInput(attrs={"placeholder": "Note"}))


def test_a_state_is_word_and_icon() -> None:
    shown = states.state("plugin_fault")
    assert shown.startswith('<span class="k-st bad"><svg')
    assert "#circle-x" in shown
    assert shown.endswith("Plugin fault</span>")


def test_an_unknown_state_keeps_its_own_word_escaped() -> None:
    assert "&lt;b&gt; odd" in states.state("<b>_odd")


def test_ago_carries_the_absolute_time_in_its_title(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    moment = now - dt.timedelta(minutes=12, seconds=5)
    shown = formatting.ago(moment)
    assert f'title="{moment:%Y-%m-%d %H:%M:%S} UTC"' in shown
    assert ">12 minutes ago</time>" in shown


def test_a_wrong_field_points_at_its_error_and_its_hint() -> None:
    shown = one_line(str(Order({"pay": "m"})))
    assert 'aria-describedby="id_depot_helptext id_depot_error"' in shown
    assert 'class="form-control is-invalid"' in shown
    assert re.search(r'class="invalid-feedback" id="id_depot_error">.*?This field is required', shown, re.DOTALL)
    assert '<a href="#id_depot">Depot code</a>' in shown


def test_only_what_is_optional_is_marked() -> None:
    shown = one_line(str(Order()))
    assert shown.count("<small>optional</small>") == 1
    assert "placeholder" not in shown
    assert 'role="alert"' not in shown


def test_the_page_of_a_fault_needs_no_context() -> None:
    assert "Something failed on our side" in get_template("500.html").render()


def test_the_components_page_needs_nothing_but_a_request() -> None:
    shown = engines["django"].get_template("components.html").render({}, RequestFactory().get("/"))
    assert "Every part in one place" in shown


def test_a_row_of_a_sidebar_stays_small() -> None:
    assert len(icons.icon("check")) < 130


def test_htmx_is_told_to_evaluate_nothing() -> None:
    page = get_template("base.html").render()
    found = re.search(r"name=\"htmx-config\"\s+content='([^']+)'", page)
    assert found
    assert json.loads(found[1])["allowEval"] is False


@pytest.mark.parametrize("code", ["200", "422"])
def test_htmx_swaps_what_was_answered_for_the_page(code: str) -> None:
    found = re.search(r"name=\"htmx-config\"\s+content='([^']+)'", get_template("base.html").render())
    assert found
    rules = json.loads(found[1])["responseHandling"]
    assert next(rule["swap"] for rule in rules if re.search(rule["code"], code))
