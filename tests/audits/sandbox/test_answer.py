"""What a child found is written as JSON that says the same."""

import json
import math

from audits.sandbox.answer import as_bytes


def test_the_answer_is_the_document_as_json() -> None:
    document = {"outcomes": [{"sentence": "größer", "value": 0.1 + 0.2, "rows": 2**63 - 1, "none": None}]}
    assert json.loads(as_bytes(document)) == document


def test_a_number_without_a_value_is_null() -> None:
    assert json.loads(as_bytes({"value": math.nan})) == {"value": None}


def test_what_the_fast_way_refuses_is_written_without_loss() -> None:
    document = {"large": 2**200, "half a pair": "\ud83d"}
    assert json.loads(as_bytes(document)) == document
