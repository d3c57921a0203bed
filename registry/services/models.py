"""How does a line of versions come to exist?"""

import re
from collections.abc import Mapping

from audits.trail import Recording
from registry.errors import NameTaken
from registry.models import EntryType, RegisteredModel

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,118}[a-z0-9])?")


def register_model(
    *,
    recording: Recording,
    name: str,
    risk_tier: str,
    task: str,
    description: str = "",
    intended_use: str = "",
    entry_type: str = EntryType.TRAINED_MODEL,
    tags: Mapping[str, str] | None = None,
) -> RegisteredModel:
    """Name a line of versions. The actor of the recording becomes its owner.

    Records: model.registered.
    Raises: NameTaken when the name is in use with other particulars.
    Idempotent: by name and particulars.
    """
    known = RegisteredModel.objects.filter(name=name).first()
    if known:
        same = (known.risk_tier, known.task, known.description, known.intended_use, known.entry_type, known.tags)
        given = (risk_tier, task, description, intended_use, entry_type, dict(tags or {}))
        if same == given and known.owner == str(recording.actor):
            return known
        raise NameTaken(f"A model named {name!r} is registered already, with other particulars; choose another name.")
    model = RegisteredModel(
        name=name,
        owner=str(recording.actor),
        risk_tier=risk_tier,
        task=task,
        description=description,
        intended_use=intended_use,
        registered_at=recording.at,
        entry_type=entry_type,
        tags=dict(tags or {}),
    )
    data = {"risk_tier": risk_tier, "task": task, "entry_type": str(entry_type)}
    return recording.create(model, action="model.registered", subject=model.subject, data=data)
