"""What does a deployer keep of an admission, so that anybody can check it without asking us?

A SLSA Verification Summary Attestation, version 1 (https://slsa.dev/spec/v1.0/verification_summary), as an in-toto
Statement v1 in a DSSE envelope. Fields of our own carry names that are URIs, as that page asks.
"""

import json
from datetime import timedelta
from typing import Any, Final

from django.conf import settings

from audits.trail import KeyNotHeld, SignerFailed, canonical_json, sign_document, timestamp
from governance.errors import KeyUnusable
from governance.selectors.admission import Admission
from governance.selectors.standing import Standing
from registry.models import ModelVersion

STATEMENT: Final = "https://in-toto.io/Statement/v1"
PREDICATE: Final = "https://slsa.dev/verification_summary/v1"
# Long enough to deploy, short enough that what was suspended meanwhile does not spread.
VALID_FOR: Final = timedelta(minutes=10)


def attest(admission: Admission) -> dict[str, Any] | None:
    """Return the signed envelope of an admission that is allowed, and nothing for one that is denied.

    Records nothing: it says again what the trail holds already. Raises: KeyUnusable.
    """
    if not admission.allowed or admission.version is None or admission.standing is None:
        return None
    statement = _statement(admission, admission.version, admission.standing)
    try:
        signed = sign_document(canonical_json(statement, max_bytes=None))
    except (KeyNotHeld, SignerFailed) as problem:
        raise KeyUnusable(f"The statement cannot be signed: {problem}") from None
    envelope: dict[str, Any] = json.loads(signed)
    return envelope


def _statement(admission: Admission, version: ModelVersion, standing: Standing) -> dict[str, Any]:
    editions = standing.rules.references
    named = ",".join(f"{edition['name']}:{edition['number']}" for edition in editions)
    skipped = any(reason.code == "break_glass" for reason in standing.decision.reasons)
    return {
        "_type": STATEMENT,
        "subject": [{"name": f"{version.model.name}/{version.number}", "digest": {"sha256": admission.sha256}}],
        "predicateType": PREDICATE,
        "predicate": {
            "verifier": {"id": f"https://{settings.TRAIL_ORIGIN}"},
            "timeVerified": timestamp(admission.at),
            "resourceUri": f"urn:countersign:{version.subject.replace('/', ':')}",
            "policy": {
                "uri": f"urn:countersign:policies:{named}",
                "digest": {"sha256": standing.rules.sha256},
                "annotations": {"editions": editions},
            },
            "verificationResult": "PASSED",
            "verifiedLevels": ["COUNTERSIGN_BREAK_GLASS" if skipped else "COUNTERSIGN_APPROVED"],
            "slsaVersion": "1.0",
            "urn:countersign:target": str(admission.target.value),
            "urn:countersign:alias": admission.alias,
            "urn:countersign:rollout": version.position.rollout,
            "urn:countersign:percent": version.position.percent,
            "urn:countersign:promotion": str(standing.promotion.uid),
            "urn:countersign:validUntil": timestamp(admission.at + VALID_FOR),
        },
    }
