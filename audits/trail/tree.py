"""How does the Merkle tree follow the entries, and how are proofs read out of it?

Full tiles (C2SP tlog-tiles) are rows that never change. Of the tiles that are not full, the one of level 0 is read
from the entries and the others are kept in the tree's state: nothing is ever hashed twice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final, TypeVar

from django.db import transaction
from django.db.models import BigIntegerField

from audits.prepared import Given, Prepared, among
from audits.trail import merkle
from audits.trail.merkle import HASH_BYTES, Frontier, GetHash, node_hash
from audits.trail.models import Entry, TrailTile, TreeState
from audits.trail.tiles import TILE_HEIGHT, TILE_WIDTH, EntryBundle, Tile, TileReader

# Entries integrated in one transaction: on SQLite nobody else writes meanwhile, so that it has to be short.
BATCH: Final = 64 * TILE_WIDTH

# Level and index of a tile.
Place = tuple[int, int]
Answer = TypeVar("Answer")

_STATE = Prepared(lambda: TreeState.objects.filter(id=1).values_list("size", "frontier"))
_LEAVES = Prepared(
    lambda: (
        Entry.objects.filter(index__gte=Given("start", BigIntegerField()), index__lt=Given("end", BigIntegerField()))
        .order_by("index")
        .values_list("index", "leaf_hash")
    )
)
# Of these levels at these indexes, in any combination: that hits a few more than were asked for, and hardly ever.
_TILES = Prepared(
    lambda: TrailTile.objects.filter(among("level", "levels"), among("index", "indexes")).values_list(
        "level", "index", "hashes"
    )
)


class BeyondTree(LookupError):
    """What was asked for needs more entries than are in the tree; `size` is how many there are."""

    code = "beyond_tree"

    def __init__(self, detail: str, size: int) -> None:
        self.size = size
        super().__init__(detail)


class TreeBroken(RuntimeError):
    """Entries or tiles that the tree stands on are gone: it cannot grow, and nothing can be proved or signed."""

    code = "tree_broken"


class Growth:
    """A tree that takes one full level 0 tile after the other and gives every tile that becomes full by it.

    `rows` are the hashes of the tiles that are not full, level 1 first.
    """

    __slots__ = ("rows", "tiles")

    def __init__(self, tiles: int = 0, hashes: bytes = b"") -> None:
        self.tiles = tiles
        self.rows = _cut(tiles, hashes)

    @property
    def hashes(self) -> bytes:
        """The rows, one after the other."""
        return b"".join(one for row in self.rows for one in row)

    def add(self, leaves: Sequence[bytes]) -> Iterator[tuple[Tile, bytes]]:
        """Add 256 leaf hashes; yield each tile that is now full with its bytes, level 0 first."""
        level, index, full = 0, self.tiles, list(leaves)
        while True:
            yield Tile(level, index), b"".join(full)
            if level == len(self.rows):
                self.rows.append([])
            row = self.rows[level]
            row.append(_root_of_full(full))
            if len(row) < TILE_WIDTH:
                break
            self.rows[level], full = [], row
            level, index = level + 1, index // TILE_WIDTH
        self.tiles += 1


def integrate() -> int:
    """Let the tree follow all entries there are; return its size.

    Idempotent: by size. Raises: TreeBroken. Locks: the tree's state, never the head, so that recording goes on.
    """
    while True:
        with transaction.atomic():
            before, size = _integrate_batch()
        if size - before < BATCH - TILE_WIDTH:
            return size


def _integrate_batch() -> tuple[int, int]:
    """Integrate the next entries; return the sizes before and after."""
    state = TreeState.objects.select_for_update().get(id=1)
    growth = Growth(state.size // TILE_WIDTH, bytes(state.frontier))
    # The tile that is not full is read again with what follows it.
    start = growth.tiles * TILE_WIDTH
    leaves = _leaf_hashes(start, start + BATCH)
    size = start + len(leaves)
    if size < state.size:
        raise TreeBroken(f"The tree has {state.size} entries and the trail only {size}; run verify_trail.")
    if size == state.size:
        return size, size
    full = [
        TrailTile(level=tile.level, index=tile.index, hashes=contents)
        for at in range(0, len(leaves) - TILE_WIDTH + 1, TILE_WIDTH)
        for tile, contents in growth.add(leaves[at : at + TILE_WIDTH])
    ]
    TrailTile.objects.bulk_create(full, batch_size=64)
    changed = {"frontier": growth.hashes} if full else {}
    TreeState.objects.filter(id=1).update(size=size, **changed)
    return state.size, size


def _leaf_hashes(start: int, end: int) -> list[bytes]:
    """Return the leaf hashes of the entries from `start` up to `end` or the last one. Raises: TreeBroken."""
    leaves = []
    # At most a batch: a cursor in the server would cost more than it saves.
    for expected, (index, leaf) in enumerate(_LEAVES.all(start=start, end=end), start):
        if index != expected:
            raise TreeBroken(f"Entry {expected} is missing, so that no tree can be made; run verify_trail.")
        leaves.append(bytes(leaf))
    return leaves


class TileComparison:
    """Takes the leaf hash of every entry, in order, and says what is stored of the tree that does not follow from them.

    Of each tile only a digest is kept meanwhile.
    """

    def __init__(self) -> None:
        self._state = TreeState.objects.get(id=1)
        self._growth = Growth()
        self._leaves: list[bytes] = []
        self._expected: dict[Tile, bytes] = {}
        self._frontier: bytes | None = b"" if self._state.size < TILE_WIDTH else None

    def add(self, leaf: bytes) -> None:
        self._leaves.append(leaf)
        if len(self._leaves) < TILE_WIDTH:
            return
        full, self._leaves = self._leaves, []
        # What was recorded after the tree's last step has no tiles yet.
        if self._growth.tiles >= self._state.size // TILE_WIDTH:
            return
        self._expected.update((tile, sha256(contents).digest()) for tile, contents in self._growth.add(full))
        if self._growth.tiles == self._state.size // TILE_WIDTH:
            self._frontier = self._growth.hashes

    def difference(self) -> str:
        """Return what is stored and does not follow, in words that begin a sentence; empty when all of it does."""
        wrong = ["What is kept of the tiles that are not full"] if self._frontier != bytes(self._state.frontier) else []
        for row in TrailTile.objects.order_by("level", "index").iterator(100):
            tile = Tile(row.level, row.index)
            # A tile that became full while the entries were read is for the next time.
            if _end(tile) <= self._state.size and self._expected.pop(tile, None) != sha256(bytes(row.hashes)).digest():
                wrong.append(f"The stored {row}")
        wrong += [f"The missing tile {tile.level}/{tile.index}" for tile in sorted(self._expected)]
        return f"{wrong[0]}, as {len(wrong) - 1} more," if len(wrong) > 1 else "".join(wrong)


def tree_size() -> int:
    """Return how many entries are in the tree."""
    return TreeState.objects.values_list("size", flat=True).get(id=1)


def root_at(size: int) -> bytes:
    """Return the root over the first `size` entries. Raises: BeyondTree, TreeBroken."""
    return _answer(size, lambda get_hash: merkle.subtree_root(0, size, get_hash))


def frontier_at(size: int) -> Frontier:
    """Return what must be kept of the tree of `size` entries to go on from there. Raises: BeyondTree, TreeBroken."""
    hashes, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            hashes.append(get_hash(level, start >> level, size))
            start += 1 << level
    return Frontier(size, hashes)


def get_hash(level: int, index: int, size: int) -> bytes:
    """Return the hash of a perfect subtree of the tree of `size` entries. Raises: BeyondTree, TreeBroken."""
    _require((index + 1) << level, size)
    return _answer(size, lambda get_hash: get_hash(level, index))


def prove_inclusion(index: int, size: int) -> list[bytes]:
    """Return the hashes that prove entry `index` is in the tree of `size` entries (RFC 6962 section 2.1.1).

    Raises: BeyondTree, also when the index is not below the size; TreeBroken.
    """
    if not 0 <= index < size:
        raise BeyondTree(f"There is no entry {index} in a tree of {size} entries.", size)
    return _answer(size, lambda get_hash: merkle.inclusion_proof(index, size, get_hash))


def prove_consistency(old: int, new: int) -> list[bytes]:
    """Return the hashes that prove the tree of `new` entries starts with the tree of `old` (section 2.1.2).

    Raises: BeyondTree, also when there is no such proof because old is 0 or above new; TreeBroken.
    """
    if not 0 < old <= new:
        raise BeyondTree(f"No consistency proof leads from {old} to {new} entries.", new)
    return _answer(new, lambda get_hash: merkle.consistency_proof(old, new, get_hash))


def tile_contents(tile: Tile, size: int | None = None) -> bytes:
    """Return the bytes of a tile of the tree of `size` entries, of all there are by default.

    A narrower part of a tile is answered, too. Raises: BeyondTree when not all of its hashes are in; TreeBroken.
    """
    stored = _Stored.now()
    _require(_end(tile), stored.size if size is None else size)
    stored.fetch({(tile.level, tile.index)})
    return stored.read(tile)


def bundle_contents(bundle: EntryBundle, size: int | None = None) -> bytes:
    """Return the bytes of an entry bundle of the tree of `size` entries, of all there are by default.

    Raises: BeyondTree when not all of its entries are in; TreeBroken.
    """
    end = bundle.start + bundle.width
    _require(end, tree_size() if size is None else size)
    texts = (
        Entry.objects.filter(index__gte=bundle.start, index__lt=end).order_by("index").values_list("text", flat=True)
    )
    entries = [text.encode() for text in texts]
    if len(entries) != bundle.width:
        raise TreeBroken(f"Entries between {bundle.start} and {end - 1} are missing; run verify_trail.")
    return bundle.contents(entries)


class _Stored:
    """The tree as it is at this moment. Hashes never change: it stays right for its size while the tree grows on."""

    def __init__(self, size: int, frontier: bytes) -> None:
        self.size = size
        self._rows = _cut(size // TILE_WIDTH, frontier)
        self._full: dict[Place, bytes] = {}

    @classmethod
    def now(cls) -> "_Stored":
        ((size, frontier),) = _STATE.all()
        return cls(size, bytes(frontier))

    def fetch(self, places: Iterable[Place]) -> None:
        """Read the full ones among these tiles, all in one query."""
        wanted = [(level, index) for level, index in places if self._is_full(level, index)]
        if wanted:
            levels, indexes = map(set, zip(*wanted, strict=True))
            found = _TILES.all(levels=levels, indexes=indexes)
            self._full.update(((level, index), bytes(hashes)) for level, index, hashes in found)

    def read(self, tile: Tile) -> bytes:
        """Return the bytes of a tile that was fetched and lies wholly in the tree."""
        if not self._is_full(tile.level, tile.index):
            if tile.level:
                return b"".join(self._rows[tile.level - 1][: tile.width])
            start = tile.index * TILE_WIDTH
            return b"".join(_leaf_hashes(start, start + tile.width))
        found = self._full.get((tile.level, tile.index))
        if found is None:
            raise TreeBroken(f"{tile.path} is missing; run verify_trail.")
        return found[: tile.width * HASH_BYTES]

    def _is_full(self, level: int, index: int) -> bool:
        return (index + 1) * TILE_WIDTH <= self.size >> (TILE_HEIGHT * level)


def _answer(size: int, question: Callable[[GetHash], Answer]) -> Answer:
    """Return what a question about the tree of `size` entries gets from its tiles."""
    stored = _Stored.now()
    _require(size, stored.size)
    asked: set[Place] = set()

    def note(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        asked.add((tile_level, (index << height) // TILE_WIDTH))
        return bytes(HASH_BYTES)

    # Which hashes are asked for does not depend on the hashes, so a first run tells which tiles to read together.
    question(note)
    stored.fetch(asked)
    return question(TileReader(size, stored.read).get_hash)


def _end(tile: Tile) -> int:
    """Return how many entries a tree needs to have this tile."""
    return (tile.index * TILE_WIDTH + tile.width) << (TILE_HEIGHT * tile.level)


def _require(wanted: int, size: int) -> None:
    if not 0 <= wanted <= size:
        raise BeyondTree(f"The tree has {size} entries; it has not come to {wanted}.", size)


def _cut(tiles: int, hashes: bytes) -> list[list[bytes]]:
    """Cut stored hashes into the rows of the tiles that are not full, level 1 first, given the level 0 tiles."""
    rows, at = [], 0
    while tiles:
        end = at + tiles % TILE_WIDTH * HASH_BYTES
        rows.append([hashes[place : place + HASH_BYTES] for place in range(at, end, HASH_BYTES)])
        at, tiles = end, tiles // TILE_WIDTH
    if at != len(hashes):
        raise TreeBroken(f"The tree's state holds {len(hashes)} bytes of hashes, its size asks for {at}.")
    return rows


def _root_of_full(hashes: Iterable[bytes]) -> bytes:
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]
