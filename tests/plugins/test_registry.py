from functools import partial

import pytest

from kasilabs.accounts.models import AuditEntry, Organization
from kasilabs.lib.documents import canonical_json
from plugins import registry
from plugins.manifest.checks.errors import BadManifest
from plugins.models import Plugin, Version
from tests.support import factories
from tests.support.concurrency import at_once


def publish(cast: factories.Cast, raw: bytes) -> registry.AddedVersion:
    return registry.add_version(organization=cast.organization, actor=factories.ACTOR, raw=raw, user=cast.developer)


def refusal(cast: factories.Cast, raw: bytes) -> list[tuple[str, str, int | None]]:
    with pytest.raises(BadManifest) as caught:
        publish(cast, raw)
    return [(error.pointer, error.code, error.line) for error in caught.value.errors]


def test_a_manifest_becomes_a_version_of_a_plugin_of_the_organization(cast: factories.Cast) -> None:
    published = publish(cast, factories.manifest())
    version = published.version
    assert published.is_new
    assert (version.plugin.slug, version.semver, version.name) == ("SUPPORT_DESK", "1.0.0", "Support Desk")
    assert (version.plugin.owner, version.created_by) == (cast.organization, cast.developer)
    assert version.state == Version.State.DRAFT


def test_publishing_is_in_the_audit_trail(cast: factories.Cast) -> None:
    version = publish(cast, factories.manifest()).version
    entry = AuditEntry.objects.get(organization=cast.organization, action="version.added")
    assert (entry.target, entry.target_name) == (version.plugin.public_id, "SUPPORT_DESK")
    assert entry.after == {"version": "1.0.0", "digest": version.digest}


def test_the_same_manifest_again_changes_nothing(cast: factories.Cast) -> None:
    first = publish(cast, factories.manifest())
    again = publish(cast, factories.manifest() + b"\n\n")
    assert (again.version, again.is_new) == (first.version, False)
    assert (Version.objects.count(), AuditEntry.objects.filter(action="version.added").count()) == (1, 1)


def test_the_same_number_with_other_contents_is_refused_with_the_next_free_ones(cast: factories.Cast) -> None:
    publish(cast, factories.manifest())
    publish(cast, factories.manifest(version="1.0.1"))
    with pytest.raises(BadManifest) as caught:
        publish(cast, factories.manifest(name="Support Desk Two"))
    (error,) = caught.value.errors
    assert (error.pointer, error.code, error.line) == ("/version", "version_exists", 3)
    assert error.hint == "The next free one is 1.0.2; while you try things, use 1.0.2-dev.1."
    assert Version.objects.get(semver="1.0.0").name == "Support Desk"


def test_the_slug_of_another_organization_is_refused_and_nothing_is_said_about_it(cast: factories.Cast) -> None:
    factories.version(cast.rival)
    with pytest.raises(BadManifest) as caught:
        publish(cast, factories.manifest(version="2.0.0"))
    (error,) = caught.value.errors
    assert (error.pointer, error.code, error.line) == ("/slug", "duplicate", 2)
    assert "Rival" not in f"{error.message} {error.hint}"
    assert Version.objects.count() == 1


def test_a_manifest_with_faults_leaves_nothing_behind(cast: factories.Cast) -> None:
    assert refusal(cast, factories.manifest(version="1.0.0.0", name="x")) == [
        ("/version", "bad_format", 3),
        ("/name", "too_short", 4),
    ]
    assert (Plugin.objects.count(), AuditEntry.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("version", "taken", "free"),
    [
        ("1.4.2", [], "1.4.3"),
        ("1.4.2", ["1.4.3", "1.4.4"], "1.4.5"),
        ("1.1.0-dev.3", ["1.1.0-dev.4"], "1.1.0-dev.5"),
        ("1.1.0-dev", [], "1.1.0-dev.1"),
        ("2.0.0-9", [], "2.0.0-9.1"),
    ],
)
def test_next_free_version_number(version: str, taken: list[str], free: str) -> None:
    assert registry.next_free(version, taken) == free


def test_a_snapshot_comes_back_from_the_database_with_the_digest_it_went_in_with(cast: factories.Cast) -> None:
    fee = {"type": "number", "default": 1e20, "maximum": 1.5e300, "examples": [1.0, 2e3, -0.0]}
    configuration = {"type": "object", "properties": {"fee": fee}}
    version = publish(cast, factories.manifest(configurationSchema=configuration, **{"x-note": "é 😀"})).version
    stored = Version.objects.get(pk=version.pk)
    assert canonical_json.digest(stored.document) == version.digest


@pytest.mark.parametrize("column", ["document", "digest", "semver", "name"])
def test_a_version_never_changes_after_its_first_save(cast: factories.Cast, column: str) -> None:
    version = factories.version(cast.organization)
    with pytest.raises(TypeError, match=column):
        version.save(update_fields=[column])
    with pytest.raises(TypeError, match=column):
        Version.objects.filter(pk=version.pk).update(**{column: "x"})
    with pytest.raises(TypeError, match="document"):
        version.save()


def test_the_state_of_a_version_may_change(cast: factories.Cast) -> None:
    version = factories.version(cast.organization)
    version.state = Version.State.SUBMITTED
    version.save(update_fields=["state"])
    Version.objects.filter(pk=version.pk).update(state=Version.State.IN_REVIEW)
    assert Version.objects.get(pk=version.pk).state == "in_review"


@pytest.mark.django_db(transaction=True)
def test_of_several_who_publish_at_once_one_is_first() -> None:
    cast = factories.cast()

    def outcome(organization: Organization) -> str:
        try:
            published = registry.add_version(organization=organization, actor=factories.ACTOR, raw=factories.manifest())
        except BadManifest as error:
            return error.errors[0].code
        return "new" if published.is_new else "known"

    outcomes = at_once(*(partial(outcome, each) for each in [cast.organization, cast.organization, cast.rival]))
    assert sorted(outcomes) in (["duplicate", "known", "new"], ["duplicate", "duplicate", "new"])
    assert Version.objects.count() == 1
