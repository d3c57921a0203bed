"""How are checkpoints kept in somebody's mailbox?"""

import smtplib
from email import message_from_bytes, policy
from email.message import EmailMessage as ReceivedMessage
from typing import ClassVar

from django.core.mail import EmailMessage

from audits.trail.anchors.anchor import AnchorFailed, file_name, parse_kept, size_in


class MailAnchor:
    """A person's mailbox. It cannot be read from here: `check_anchors` is given a saved message."""

    is_near: ClassVar[bool] = False
    is_continuous: ClassVar[bool] = False

    def __init__(self, address: str) -> None:
        self.name = f"mail:{address}"
        self._address = address

    def keep(self, note: str, size: int) -> None:
        checkpoint = parse_kept(note)
        message = EmailMessage(
            subject=f"Trail checkpoint {checkpoint.origin}, {size} entries",
            body=(
                f"The trail {checkpoint.origin} has come to {size} entries.\n"
                "The attached file is its signed checkpoint.\n\n"
                "Please keep this message where whoever runs that trail cannot change it.\n"
                "There is nothing else to do. Should the trail ever be rewritten or cut short,\n"
                "'manage.py check_anchors <this message, saved as a file>' shows it.\n"
            ),
            to=[self._address],
        )
        # As bytes, so that no mail server touches its line ends: the signature covers them.
        message.attach(file_name(size), note.encode(), "application/octet-stream")
        try:
            message.send()
        except (OSError, smtplib.SMTPException) as problem:
            raise AnchorFailed(f"{self.name} could not be sent: {problem}. Check the mail settings.") from None

    def sizes(self) -> list[int]:
        return []

    def read(self, size: int) -> str:
        raise AnchorFailed(f"{self.name} is read by 'manage.py check_anchors <saved message>'.")


def note_in(content: bytes) -> str:
    """Return the note in a saved file: a message of ours with the note attached, or the bare note itself.

    Raises: AnchorFailed when there is none.
    """
    message = message_from_bytes(content, _class=ReceivedMessage, policy=policy.default)
    for part in message.iter_attachments() if message.is_multipart() else ():
        if size_in(part.get_filename() or "") is not None:
            attached = part.get_content()
            return attached.decode(errors="replace") if isinstance(attached, bytes) else str(attached)
    try:
        note = content.decode()
    except UnicodeDecodeError:
        note = ""
    if "\n\n— " not in note:
        raise AnchorFailed("The file is neither a signed checkpoint nor a message with one attached.")
    return note
