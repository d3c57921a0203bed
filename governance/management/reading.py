"""How is a document read that a command was given, and how are its errors told?"""

import sys
from pathlib import Path

from django.core.management.base import CommandError

from governance.errors import PolicyMalformed


def read_text_file(file: str) -> str:
    """Return the text of a file, or of standard input for `-`. Raises: CommandError."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise CommandError(f"Cannot read {file}: {problem}") from None


def errors_by_place(file: str, problem: PolicyMalformed) -> str:
    """Return every error of a policy as file:line:column: sentence, a line each."""
    return "\n".join(f"{file}:{e['line']}:{e['column']}: {e['sentence']}" for e in problem.context["errors"])
