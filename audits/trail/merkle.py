"""Which one hash stands for a whole trail, and how does one hash prove a place in it?

The Merkle tree of RFC 6962 section 2.1 over SHA-256. A *perfect subtree* is named by its level and
its index: level 0 are the leaves, and the subtree (level, index) covers the leaves from
``index << level`` to ``(index + 1) << level``, the end not included.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32

# RFC 6962 section 2.1: the hash of an empty list is the hash of an empty string.
EMPTY_ROOT: Final = sha256(b"").digest()

# The hash of a perfect subtree, from (level, index). It MUST answer for every subtree that lies
# wholly inside the tree a proof is made for, and is never asked for another.
GetHash = Callable[[int, int], bytes]


class ProofRefused(ValueError):
    """A proof, or the claim it is for, that does not hold; the message says which part."""

    code = "proof_refused"


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf; the first byte keeps leaves and nodes apart (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """All that must be kept of a tree to append to it: about log2(size) hashes.

    `hashes` are the roots of the perfect subtrees the tree falls into, the largest (leftmost) first:
    one for every bit that is set in `size`.
    """

    __slots__ = ("_hashes", "_size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        kept = list(hashes)
        if size < 0 or len(kept) != size.bit_count() or any(len(one) != HASH_BYTES for one in kept):
            raise ValueError(
                f"A frontier of {size} leaves has {max(size, 0).bit_count()} hashes of {HASH_BYTES} bytes, "
                f"but these are {len(kept)} of {sorted({len(one) for one in kept})} bytes."
            )
        self._size = size
        self._hashes = kept

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The roots of the perfect subtrees, the largest first."""
        return tuple(self._hashes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf, given by its leaf hash."""
        if len(leaf) != HASH_BYTES:
            raise ValueError(f"A leaf hash has {HASH_BYTES} bytes, this one has {len(leaf)}.")
        carried, size = leaf, self._size
        while size & 1:
            carried = node_hash(self._hashes.pop(), carried)
            size >>= 1
        self._hashes.append(carried)
        self._size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaves in order, each given by its leaf hash."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        return _fold(self._hashes)

    def copy(self) -> "Frontier":
        """Return a frontier that grows on its own."""
        return Frontier(self._size, self._hashes)


class Tree:
    """All perfect subtrees of a list of leaf hashes, in memory: 64 bytes a leaf."""

    __slots__ = ("_levels",)

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add one leaf, given by its leaf hash."""
        if len(leaf) != HASH_BYTES:
            raise ValueError(f"A leaf hash has {HASH_BYTES} bytes, this one has {len(leaf)}.")
        level, carried = 0, leaf
        while True:
            if level == len(self._levels):
                self._levels.append([])
            row = self._levels[level]
            row.append(carried)
            if len(row) % 2:
                return
            level, carried = level + 1, node_hash(row[-2], row[-1])

    def get_hash(self, level: int, index: int) -> bytes:
        """Return the hash of one perfect subtree (a `GetHash`)."""
        return self._levels[level][index]

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first `size` leaves, over all of them by default."""
        end = self.size if size is None else size
        if not 0 <= end <= self.size:
            raise ValueError(f"The tree has {self.size} leaves; there is no root at size {end}.")
        return subtree_root(0, end, self.get_hash)


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root of the tree over these leaf hashes, in order."""
    frontier = Frontier()
    frontier.extend(leaf_hashes)
    return frontier.root()


def subtree_root(start: int, end: int, get_hash: GetHash) -> bytes:
    """Return the root over the leaves from `start` up to `end`, as it occurs inside a larger tree.

    `start` MUST be a multiple of the power of two at or above ``end - start``.
    """
    hashes: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        hashes.append(get_hash(level, start >> level))
        start += 1 << level
    return _fold(hashes)


def inclusion_proof(index: int, size: int, get_hash: GetHash) -> list[bytes]:
    """Return the hashes that prove leaf `index` is in the tree of `size` leaves.

    RFC 6962 section 2.1.1 (PATH), deepest hash first.
    """
    if not 0 <= index < size:
        raise ValueError(f"There is no leaf {index} in a tree of {size} leaves.")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(subtree_root(middle, end, get_hash))
            end = middle
        else:
            proof.append(subtree_root(start, middle, get_hash))
            start = middle
    proof.reverse()
    return proof


def consistency_proof(old_size: int, new_size: int, get_hash: GetHash) -> list[bytes]:
    """Return the hashes that prove the tree of `new_size` leaves starts with the one of `old_size`.

    RFC 6962 section 2.1.2 (PROOF). Equal sizes need no hashes. There is no proof from size 0:
    "grew from empty" is a rule of the caller (the old root is `EMPTY_ROOT`, the proof is empty).
    """
    if not 0 < old_size <= new_size:
        raise ValueError(f"There is no consistency proof from {old_size} to {new_size} leaves.")
    proof: list[bytes] = []
    start, end = 0, new_size
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            proof.append(subtree_root(middle, end, get_hash))
            end = middle
        else:
            proof.append(subtree_root(start, middle, get_hash))
            start = middle
    # The old tree's own root is known to the verifier when the old tree is a whole left part.
    if start:
        proof.append(subtree_root(start, end, get_hash))
    proof.reverse()
    return proof


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise `ProofRefused` unless the leaf hash is at `index` of the tree of `size` leaves with this root."""
    claimed = root_from_inclusion(leaf, index, size, proof)
    if claimed != root:
        raise ProofRefused(f"The inclusion proof of leaf {index} leads to another root of {size} leaves.")


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root this inclusion proof leads to (RFC 9162 section 2.1.3.2).

    The result proves nothing by itself: it MUST be compared with a root the caller trusts.
    """
    if not 0 <= index < size:
        raise ProofRefused(f"There is no leaf {index} in a tree of {size} leaves.")
    inner, border = _inclusion_shape(index, size)
    _require_hashes([leaf, *proof])
    if len(proof) != inner + border:
        raise ProofRefused(
            f"An inclusion proof of leaf {index} of {size} has {inner + border} hashes, this one has {len(proof)}."
        )
    result = _climb(leaf, proof[:inner], index)
    return _climb_right_border(result, proof[inner:])


def verify_consistency(old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raise `ProofRefused` unless the tree of `new_size` leaves starts with the tree of `old_size`.

    RFC 9162 section 2.1.4.2. An old size of 0 MUST be refused here, whatever the roots are: every
    tree extends the empty one, so that a proof of it would prove nothing.
    """
    if not 0 < old_size <= new_size:
        raise ProofRefused(f"No consistency proof leads from {old_size} to {new_size} leaves.")
    if old_size == new_size:
        if proof:
            raise ProofRefused(f"Two trees of {old_size} leaves need no hashes, but there are {len(proof)}.")
        if old_root != new_root:
            raise ProofRefused(f"Two different roots are claimed for the same {old_size} leaves.")
        return
    _require_hashes([old_root, new_root, *proof])
    # The proof starts at the last perfect subtree of the old tree. When the old tree is that subtree,
    # the verifier already has its hash and the proof leaves it out.
    shift = (old_size & -old_size).bit_length() - 1
    inner, border = _inclusion_shape(old_size - 1, new_size)
    inner -= shift
    seed_is_known = old_size == 1 << shift
    expected = inner + border + (0 if seed_is_known else 1)
    if len(proof) != expected:
        raise ProofRefused(
            f"A consistency proof from {old_size} to {new_size} has {expected} hashes, this one has {len(proof)}."
        )
    seed, rest = (old_root, proof) if seed_is_known else (proof[0], proof[1:])
    inside, beside, place = rest[:inner], rest[inner:], (old_size - 1) >> shift
    if _climb_right_border(_climb_left_only(seed, inside, place), beside) != old_root:
        raise ProofRefused(f"The consistency proof does not lead to the old root of {old_size} leaves.")
    if _climb_right_border(_climb(seed, inside, place), beside) != new_root:
        raise ProofRefused(f"The consistency proof does not lead to the new root of {new_size} leaves.")


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Join the roots of perfect subtrees, the largest first, from the right."""
    if not hashes:
        return EMPTY_ROOT
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result


def _split(size: int) -> int:
    """Return the largest power of two that is smaller than `size` (RFC 6962 section 2.1, k)."""
    return 1 << ((size - 1).bit_length() - 1)


def _inclusion_shape(index: int, size: int) -> tuple[int, int]:
    """Return how many hashes of an inclusion proof lie below, and on, the path to the last leaf."""
    inner = (index ^ (size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def _climb(start: bytes, hashes: Iterable[bytes], place: int) -> bytes:
    result = start
    for level, sibling in enumerate(hashes):
        is_right = (place >> level) & 1
        result = node_hash(sibling, result) if is_right else node_hash(result, sibling)
    return result


def _climb_left_only(start: bytes, hashes: Iterable[bytes], place: int) -> bytes:
    result = start
    for level, sibling in enumerate(hashes):
        if (place >> level) & 1:
            result = node_hash(sibling, result)
    return result


def _climb_right_border(start: bytes, hashes: Iterable[bytes]) -> bytes:
    result = start
    for left in hashes:
        result = node_hash(left, result)
    return result


def _require_hashes(hashes: Iterable[bytes]) -> None:
    for one in hashes:
        if len(one) != HASH_BYTES:
            raise ProofRefused(f"A hash has {HASH_BYTES} bytes, this one has {len(one)}.")
