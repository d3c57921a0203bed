"""How is the answer of a child written down?"""

import json
from typing import Any

import orjson


def as_bytes(document: dict[str, Any]) -> bytes:
    """The document as JSON; a number without a value is null, as everywhere in outcomes."""
    try:
        return orjson.dumps(document)
    except TypeError:
        # Half a surrogate pair in a text, or a whole number beyond 64 bits: slower, and without loss.
        return json.dumps(document, allow_nan=False).encode()
