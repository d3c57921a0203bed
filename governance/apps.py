"""The top floor: it decides."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        # Binds the shared tasks to our app before anything publishes one by name.
        from governance import deploy_checks, tasks  # noqa: F401
        from governance.conf import celery  # noqa: F401
