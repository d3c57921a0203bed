"""Make grants, tokens, policies, promotions, decisions, approvals and exports append-only."""

from django.db import migrations

from audits.trail.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial")]

    operations = [
        AppendOnly("RoleGrant"),
        AppendOnly("RoleRevocation"),
        AppendOnly("AccessToken"),
        AppendOnly("TokenRevocation"),
        AppendOnly("PolicyVersion"),
        AppendOnly("Promotion"),
        AppendOnly("PromotionClosure"),
        AppendOnly("GateDecisionRecord"),
        AppendOnly("Approval"),
        AppendOnly("Rollback"),
        AppendOnly("ReportExport"),
    ]
