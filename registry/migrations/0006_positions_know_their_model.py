"""Every position says of which model its version is; in a migration of its own, because rows were just filled."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0005_clients_of_other_registries")]

    operations = [
        migrations.AlterField(
            model_name="versionstage",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="positions", to="registry.registeredmodel"
            ),
        ),
    ]
