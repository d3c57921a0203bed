"""RFC 6962 section 2.1: leaf hashes, roots, inclusion and consistency."""

from hashlib import sha256


def leaf(text: bytes) -> bytes:
    return sha256(b"\0" + text).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def root(leaves: list[bytes]) -> bytes:
    level = list(leaves)
    if not level:
        return sha256().digest()
    while len(level) > 1:
        paired = [node(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def included(start: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root that `path` leads to from a leaf; none where the path has another length than it must."""
    inner = (index ^ (size - 1)).bit_length()
    if not 0 <= index < size or len(path) != inner + (index >> inner).bit_count():
        return None
    here = start
    for bit, beside in enumerate(path):
        left = bit >= inner or index >> bit & 1
        here = node(beside, here) if left else node(here, beside)
    return here


def continues(old: int, old_root: bytes, new: int, new_root: bytes, path: list[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2."""
    if not 0 < old <= new:
        return False
    if old == new:
        return old_root == new_root and not path
    rest = list(path)
    if old & (old - 1) == 0:
        rest.insert(0, old_root)
    if not rest:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    seen_old = seen_new = rest[0]
    for beside in rest[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            seen_old, seen_new = node(beside, seen_old), node(beside, seen_new)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            seen_new = node(seen_new, beside)
        first, last = first >> 1, last >> 1
    return last == 0 and (seen_old, seen_new) == (old_root, new_root)
