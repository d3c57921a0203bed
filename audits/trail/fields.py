"""How is a JSON document kept so that its bytes never change?"""

import json
from typing import Any

from django.db import models


def document_text(document: object) -> str:
    """Return the one text under which `document` is stored: sorted keys, no spaces, no NaN.

    Wider than the trail's canonical form: figures with fractions are allowed, in the shortest form that reads
    back as the same double.
    """
    # Through JSON once before sorting: numbers as keys would sort otherwise now than after they were read back.
    plain = json.loads(json.dumps(document, allow_nan=False))
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class DocumentField(models.TextField):
    """A JSON document stored as text.

    `jsonb` would rewrite numbers and the order of keys (1e16 comes back as an integer), and a digest taken
    before the insert would no longer fit the row.
    """

    # For the type checker: a document is read and written as plain JSON values.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else document_text(value)

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        return None if value is None else json.loads(value)

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    def value_to_string(self, obj: models.Model) -> str:
        return document_text(self.value_from_object(obj))
