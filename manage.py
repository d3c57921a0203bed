#!/usr/bin/env python
"""Run Countersign's management commands."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.conf.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
