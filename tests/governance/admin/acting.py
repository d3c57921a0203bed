"""How a test does an act at the desk: open the page, fill in, send what the page showed along."""

import re
from typing import Any

from django.contrib.messages import get_messages
from django.test import Client

from governance.models import Promotion
from registry.models import ModelVersion

WHY = {"reason": "Read and weighed."}


def at(thing: Promotion | ModelVersion, act: str) -> str:
    """Return the address of an act on a promotion or a version."""
    if isinstance(thing, Promotion):
        return f"/admin/promotions/{thing.uid}/{act}/"
    return f"/admin/versions/{thing.model.name}/{thing.number}/{act}/"


def shown(client: Client, address: str) -> str:
    """Return the page of an act as it is read."""
    return str(client.get(address).content.decode())


def done(client: Client, address: str, **said: Any) -> Any:
    """Open the page of an act and send its form, as a browser would; return the answer."""
    seen = re.search(r'name="seen" value="([^"]*)"', shown(client, address))
    return client.post(address, {"seen": seen[1] if seen else "", **said})


def told(response: Any) -> str:
    """Return the sentence with which the desk answers: a message, a refusal beside the form, or why it offers none."""
    if response.status_code == 302:
        return [str(message) for message in get_messages(response.wsgi_request)][-1]
    page = response.content.decode()
    match = re.search(r'class="(?:cs-error" role="alert|cs-why-not)">(.*?)</p>', page)
    return match[1].replace("&#x27;", "'") if match else ""
