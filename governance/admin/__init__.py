"""The reviewers' desk: Django's admin with pages of our own, on which nothing changes but through a service."""

from governance.admin.site import desk

__all__ = ["desk"]
