"""On PostgreSQL the database itself refuses a grant that joins two organizations."""

from django.db import migrations

KEYS = {
    "grant_instance_organization": ("instance_id", "whatsapp_instance"),
    "grant_installation_organization": ("installation_id", "installations_installation"),
}


def add(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for name, (column, table) in KEYS.items():
        schema_editor.execute(
            f"ALTER TABLE grants_plugingrant ADD CONSTRAINT {name} "
            f"FOREIGN KEY ({column}, organization_id) REFERENCES {table} (id, organization_id) "
            "DEFERRABLE INITIALLY DEFERRED"
        )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in KEYS:
            schema_editor.execute(f"ALTER TABLE grants_plugingrant DROP CONSTRAINT {name}")


class Migration(migrations.Migration):
    dependencies = [("grants", "0001_initial")]
    operations = [migrations.RunPython(add, drop)]
