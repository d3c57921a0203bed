"""Lists of models in the order of tier or owner, at the same cost on every page."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0006_actor_proofs"),
        ("registry", "0003_evidence_rollouts_and_tombstones"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="registeredmodel",
            index=models.Index(fields=["risk_tier", "id"], name="models_by_risk_tier"),
        ),
        migrations.AddIndex(
            model_name="registeredmodel",
            index=models.Index(fields=["owner", "id"], name="models_by_owner"),
        ),
    ]
