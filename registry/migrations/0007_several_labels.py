"""The rows of a model can have several labels; the column itself stays as it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0006_positions_know_their_model")]

    operations = [
        migrations.AlterField(
            model_name="registeredmodel",
            name="task",
            field=models.CharField(
                max_length=12,
                choices=[
                    ("binary", "Binary"),
                    ("multiclass", "Multiclass"),
                    ("multi_label", "Multi-label"),
                    ("regression", "Regression"),
                    ("generation", "Generation"),
                ],
            ),
        ),
    ]
