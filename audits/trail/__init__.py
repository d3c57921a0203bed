"""The trail: every act leaves an entry, and no entry can change unnoticed."""

from audits.trail.actors import Actor, ActorKind
from audits.trail.anchors.guard import TrailNotExtended
from audits.trail.append_only import AppendOnly
from audits.trail.canonical import EntryTooLarge, NotCanonical, canonical_json
from audits.trail.checkpoints import (
    SignedTreeDiffers,
    entry_proof,
    newest_checkpoint,
    publish_checkpoint,
    signed_size,
    trail_size,
    trail_state,
)
from audits.trail.clock import new_uid, now, timestamp
from audits.trail.clock_skew import newest_skew
from audits.trail.exports import BundleOrder, counted, write_bundle
from audits.trail.fields import DocumentField, document_text
from audits.trail.guards import LooseGuard, loose_guards
from audits.trail.key_history import SUBJECT as KEYS_SUBJECT
from audits.trail.key_history import LogKey
from audits.trail.keys import KeyRefused, Signs, Verifier
from audits.trail.models import Checkpoint, Entry, Recorded, TrailTile
from audits.trail.numbering import NotRecordable
from audits.trail.outside import check_outside, publish_outside
from audits.trail.personal import ERASED, Sealed, SealedManager, destroy_keys, leaving_no_copy, sealed_text
from audits.trail.record import Recording, record
from audits.trail.rights import Right, first_right_beyond_need, grants, rights_beyond_need, running_role
from audits.trail.signing import (
    KeyNotHeld,
    SignerFailed,
    held_signer,
    key_history,
    log_verifier,
    make_signer,
    revocation,
    rotation,
    sign_document,
)
from audits.trail.tiles import EntryBundle, Tile, TileRefused
from audits.trail.tree import (
    BeyondTree,
    TreeBroken,
    bundle_contents,
    integrate,
    prove_consistency,
    prove_inclusion,
    root_at,
    tile_contents,
)
from audits.trail.verification import NoSuchCheckpoint, Projection, Remark, Verdict, verify
from audits.trail.walk import Flaw
from audits.trail.witnessing.configured import witness_verifiers, witnessed_logs
from audits.trail.witnessing.cosigned import cosigned_note, witnessed_size
from audits.trail.witnessing.memory import find_witnessed, witness_checkpoint
from audits.trail.witnessing.protocol import NotCosigned

__all__ = [
    "Actor",
    "ActorKind",
    "AppendOnly",
    "BeyondTree",
    "BundleOrder",
    "Checkpoint",
    "DocumentField",
    "ERASED",
    "Entry",
    "EntryBundle",
    "EntryTooLarge",
    "Flaw",
    "KEYS_SUBJECT",
    "KeyNotHeld",
    "KeyRefused",
    "LogKey",
    "LooseGuard",
    "NoSuchCheckpoint",
    "NotCanonical",
    "NotCosigned",
    "NotRecordable",
    "Projection",
    "Recorded",
    "Recording",
    "Remark",
    "Right",
    "Sealed",
    "SealedManager",
    "SignedTreeDiffers",
    "SignerFailed",
    "Signs",
    "Tile",
    "TileRefused",
    "TrailNotExtended",
    "TrailTile",
    "TreeBroken",
    "Verdict",
    "Verifier",
    "bundle_contents",
    "canonical_json",
    "check_outside",
    "cosigned_note",
    "counted",
    "destroy_keys",
    "document_text",
    "entry_proof",
    "find_witnessed",
    "first_right_beyond_need",
    "grants",
    "held_signer",
    "integrate",
    "key_history",
    "leaving_no_copy",
    "log_verifier",
    "loose_guards",
    "make_signer",
    "new_uid",
    "newest_checkpoint",
    "newest_skew",
    "now",
    "prove_consistency",
    "prove_inclusion",
    "publish_checkpoint",
    "publish_outside",
    "record",
    "revocation",
    "rights_beyond_need",
    "root_at",
    "rotation",
    "running_role",
    "sign_document",
    "sealed_text",
    "tile_contents",
    "timestamp",
    "signed_size",
    "trail_size",
    "trail_state",
    "verify",
    "witness_checkpoint",
    "witness_verifiers",
    "witnessed_logs",
    "witnessed_size",
    "write_bundle",
]
