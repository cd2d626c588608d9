"""Every setting and every command is documented, and nothing else is."""

import re
from argparse import Action

import pytest
from django.core.management import BaseCommand, get_commands, load_command_class

from kasilabs import environment
from kasilabs.jobs import duties
from kasilabs.jobs.models import State
from tests.docs import pages

OURS = ("kasilabs", "plugins", "installations", "grants", "bridges")
COMMANDS = sorted(name for name, app in get_commands().items() if app.startswith(OURS))
COMMON = {"--json", "--help", "-h"}
NAMES = {setting.name for setting in environment.SETTINGS}


def test_every_setting_is_in_the_guide_and_nothing_else() -> None:
    guide = pages.section("operators/settings.md", "## A production needs")
    guide += pages.section("operators/settings.md", "## Others")
    assert pages.named(guide) == NAMES


def test_every_setting_is_in_the_example_and_nothing_else() -> None:
    lines = (pages.ROOT / ".env.example").read_text().splitlines()
    names = [match[1] for line in lines if (match := re.match(r"#? ?([A-Z_]+)=", line))]
    assert sorted(names) == sorted(NAMES)


def test_a_copy_of_the_example_changes_nothing() -> None:
    lines = (pages.ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_every_command_is_in_the_guide_and_nothing_else() -> None:
    headings = re.findall(r"^## `(\w+)`$", pages.text("operators/commands.md"), re.MULTILINE)
    assert headings == COMMANDS


def options_of(name: str) -> list[Action]:
    """The options and arguments a command adds to those that all of Django's have."""
    shared = {option for action in BaseCommand().create_parser("", "")._actions for option in action.option_strings}
    parser = load_command_class(get_commands()[name], name).create_parser("", name)
    return [action for action in parser._actions if not set(action.option_strings) & (shared | COMMON)]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_in_the_guide_and_nothing_else(name: str) -> None:
    said = pages.section("operators/commands.md", f"## `{name}`")
    flags = {option for action in options_of(name) for option in action.option_strings}
    assert {cell.split()[0] for cell in pages.named(said) if cell.startswith("--")} - COMMON == {
        flag.split()[0] for flag in flags
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_choice_and_repetition_is_in_the_guide(name: str) -> None:
    said = pages.section("operators/commands.md", f"## `{name}`").replace("\\|", "|")
    for action in options_of(name):
        choices = "|".join(map(str, action.choices or ()))
        assert choices in said
        (flag,) = action.option_strings or [""]
        if type(action).__name__ == "_AppendAction":
            assert re.search(rf"^\| `{flag} .*may be repeated \|$", said, re.MULTILINE), flag


def test_the_states_of_later_work_and_the_duties_are_those_of_the_code() -> None:
    page = "operators/later-work.md"
    assert pages.named(pages.section(page, "## How a row is done")) == set(State.values)
    assert pages.named(pages.section(page, "## Regular duties")) == {duty.name for duty in duties.registered()}


def test_the_events_of_the_workers_log_are_those_of_the_code() -> None:
    source = (pages.ROOT / "kasilabs" / "jobs" / "attempt.py").read_text()
    found = set(re.findall(r'log\.\w+\("(\w+)"', source))
    assert pages.named(pages.section("operators/later-work.md", "## Ending and logs")) == found
