"""A second verifier of evidence bundles, written from docs/reference alone.

It shares no line with `audits/` and takes Ed25519 and ML-DSA from the `cryptography` library,
so that a mistake in our own verifier, or a hole in its documentation, shows as a disagreement.
"""

from tests.second_verifier.answer import Answer, Flaw
from tests.second_verifier.bundle import check
from tests.second_verifier.container import files_of

__all__ = ["Answer", "Flaw", "check", "files_of"]
