"""How is the trail signed up to the present before something is taken away that leans on it?"""

import structlog

from audits.trail import KeyNotHeld, SignedTreeDiffers, SignerFailed, TrailNotExtended, TreeBroken, publish_checkpoint
from governance.errors import TrailNotWhole

log = structlog.get_logger(__name__)


def sign_up_to_now() -> None:
    """Sign what was recorded since the last checkpoint, if that can be done now.

    When the key is out of reach or the tree no longer fits what was signed, the earlier checkpoints are all there
    is: what is taken away says how far they go, and a verifier says what does not fit.
    Raises: TrailNotWhole on an older copy of the trail, on which nothing may be built.
    """
    try:
        publish_checkpoint()
    except (KeyNotHeld, SignedTreeDiffers, SignerFailed, TreeBroken) as problem:
        log.warning("trail_not_signed", problem=str(problem))
    except TrailNotExtended as problem:
        raise TrailNotWhole(f"Nothing is signed on an older copy of the trail: {problem}") from None
