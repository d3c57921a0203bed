"""Keep the full tiles of the tree, so that a proof is a few reads."""

from django.db import migrations, models

from audits.trail.append_only import AppendOnly


def grow_again(apps, schema_editor):
    # The tree follows the entries: an installation that has some gets its tiles at the next checkpoint.
    apps.get_model("audits", "TreeState").objects.update(size=0, frontier=b"")


class Migration(migrations.Migration):
    dependencies = [("audits", "0002_guards")]

    operations = [
        migrations.CreateModel(
            name="TrailTile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "level",
                    models.PositiveSmallIntegerField(
                        help_text="Tile level; its hashes are over 256 ** level entries each."
                    ),
                ),
                ("index", models.BigIntegerField(help_text="Place of the tile within its level, from 0.")),
                (
                    "hashes",
                    models.BinaryField(help_text="256 hashes of 32 bytes, left to right.", max_length=8192),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("level", "index"), name="tile_once_per_place")],
            },
        ),
        migrations.AlterField(
            model_name="treestate",
            name="frontier",
            field=models.BinaryField(
                help_text="Hashes of the tiles that are not full, level 1 first, 32 bytes each; level 0 is in the entries."
            ),
        ),
        migrations.RunPython(grow_again, migrations.RunPython.noop),
        AppendOnly("TrailTile"),
    ]
