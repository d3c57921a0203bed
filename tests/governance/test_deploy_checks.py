"""A password for a mail server never travels where others can read it."""

from pathlib import Path

import pytest

from tests.installation import Installation


@pytest.mark.parametrize("command", [("check",), ("serve", "--port", "0")])
def test_a_password_without_encryption_is_refused_with_what_to_write_instead(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = Installation(tmp_path, COUNTERSIGN_MAIL_URL="smtp://trail:s3cret@mail.example.org").manage(*command)
    assert done.returncode == 1
    assert "COUNTERSIGN_MAIL_URL would send the password for mail.example.org without encryption." in done.stderr
    assert "smtps://user:password@mail.example.org:465" in done.stderr
    assert "smtp+starttls://user:password@mail.example.org:587" in done.stderr
    assert "s3cret" not in done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "smtps://trail:s3cret@mail.example.org",
        "smtp+starttls://trail:s3cret@mail.example.org",
        "smtp://mail.example.org",
        "smtp://trail:s3cret@localhost:2525",
    ],
)
def test_what_gives_no_password_away_is_taken(tmp_path: Path, url: str) -> None:
    done = Installation(tmp_path, COUNTERSIGN_MAIL_URL=url).manage("check")
    assert done.returncode == 0, done.stderr
