"""The lowest floor: it examines and remembers."""

from django.apps import AppConfig


class AuditsConfig(AppConfig):
    name = "audits"
    verbose_name = "Trail and evidence"
