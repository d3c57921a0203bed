"""The model of a position needs no index of its own: two others begin with it, and tell its versions apart."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0007_several_labels")]

    operations = [
        migrations.AlterField(
            model_name="versionstage",
            name="model",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="positions",
                to="registry.registeredmodel",
            ),
        ),
    ]
