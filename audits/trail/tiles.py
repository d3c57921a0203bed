"""How is the tree of a trail cut into files that never change once they are full?

C2SP tlog-tiles: a tile holds up to 256 hashes of one level, an entry bundle up to 256 entries. Tile
level l holds the perfect subtrees of tree level 8 * l.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from audits.trail.canonical import MAX_ENTRY_BYTES
from audits.trail.merkle import HASH_BYTES, GetHash, leaf_hash

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
MAX_LEVEL: Final = 63
_PAIR: Final = 2 * HASH_BYTES

_NUMBER = r"(?:x[0-9]{3}/){0,6}[0-9]{3}"
_WIDTH = r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
_TILE_PATH = re.compile(rf"tile/(?P<level>0|[1-9][0-9]?)/(?P<index>{_NUMBER}){_WIDTH}")
_BUNDLE_PATH = re.compile(rf"tile/entries/(?P<index>{_NUMBER}){_WIDTH}")


class TileRefused(ValueError):
    """A tile path, tile or entry bundle that is malformed or not the one that was asked for."""

    code = "tile_refused"


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Which hashes: `width` of them, from the place ``index * 256`` of tile level `level` on."""

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if not 0 <= self.level <= MAX_LEVEL:
            raise TileRefused(f"The level of a tile is between 0 and {MAX_LEVEL}, not {self.level}.")
        _require_place(self.index, self.width)

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read ``tile/<level>/<index>[.p/<width>]``; there is exactly one path for each tile."""
        found = _TILE_PATH.fullmatch(path)
        if found is None:
            raise TileRefused(f"Not the path of a tile: {path[:120]!r}.")
        tile = cls(int(found["level"]), _number(found["index"]), int(found["width"] or TILE_WIDTH))
        if tile.path != path:
            raise TileRefused(f"Not the path of a tile: {path[:120]!r}; it would be {tile.path!r}.")
        return tile

    @property
    def path(self) -> str:
        """Where the tile is, below the prefix of the trail."""
        return f"tile/{self.level}/{_place(self.index, self.width)}"

    def contents(self, get_hash: GetHash) -> bytes:
        """Return the bytes of the tile: its hashes one after the other."""
        start = self.index * TILE_WIDTH
        return b"".join(get_hash(TILE_HEIGHT * self.level, start + at) for at in range(self.width))

    def checked(self, contents: bytes) -> bytes:
        """Return the bytes of the tile, or raise `TileRefused` when they are too few or too many."""
        if len(contents) != self.width * HASH_BYTES:
            raise TileRefused(f"{self.path} has {self.width * HASH_BYTES} bytes, but {len(contents)} were read.")
        return contents

    def hashes(self, contents: bytes) -> list[bytes]:
        """Split the bytes of the tile into its hashes, or raise `TileRefused`."""
        self.checked(contents)
        return [contents[at : at + HASH_BYTES] for at in range(0, len(contents), HASH_BYTES)]


@dataclass(frozen=True, slots=True, order=True)
class EntryBundle:
    """Which entries: `width` of them, from number ``index * 256`` on."""

    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        _require_place(self.index, self.width)

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read ``tile/entries/<index>[.p/<width>]``; there is exactly one path for each bundle."""
        found = _BUNDLE_PATH.fullmatch(path)
        if found is None:
            raise TileRefused(f"Not the path of an entry bundle: {path[:120]!r}.")
        bundle = cls(_number(found["index"]), int(found["width"] or TILE_WIDTH))
        if bundle.path != path:
            raise TileRefused(f"Not the path of an entry bundle: {path[:120]!r}; it would be {bundle.path!r}.")
        return bundle

    @classmethod
    def of_entry(cls, number: int, size: int) -> Self:
        """Return the bundle that holds an entry of a trail of `size` entries."""
        if not 0 <= number < size:
            raise ValueError(f"There is no entry {number} in a trail of {size} entries.")
        index = number // TILE_WIDTH
        return cls(index, min(TILE_WIDTH, size - index * TILE_WIDTH))

    @property
    def path(self) -> str:
        """Where the bundle is, below the prefix of the trail."""
        return f"tile/entries/{_place(self.index, self.width)}"

    @property
    def start(self) -> int:
        """The number of the first entry."""
        return self.index * TILE_WIDTH

    def contents(self, entries: Sequence[bytes]) -> bytes:
        """Return the bytes of the bundle: each entry after its length, a big-endian uint16."""
        if len(entries) != self.width:
            raise ValueError(f"{self.path} holds {self.width} entries, but {len(entries)} were given.")
        return b"".join(_with_length(entry) for entry in entries)

    def entries(self, contents: bytes) -> list[bytes]:
        """Split the bytes of the bundle into its entries, or raise `TileRefused`."""
        entries: list[bytes] = []
        at = 0
        while at < len(contents):
            start = at + 2
            at = start + int.from_bytes(contents[at:start], "big")
            if start > len(contents) or at > len(contents):
                raise TileRefused(f"{self.path} is cut off inside entry {self.start + len(entries)}.")
            entries.append(contents[start:at])
        if len(entries) != self.width:
            raise TileRefused(f"{self.path} holds {self.width} entries, but {len(entries)} were read.")
        return entries


def tiles_of(size: int, *, since: int = 0) -> Iterator[Tile]:
    """Yield the tiles of a tree of `size` leaves that the tree of `since` leaves does not have.

    A full tile, once written, never changes; a partial one is replaced by a wider one.
    """
    for level in range(MAX_LEVEL + 1):
        hashes, had = size >> (TILE_HEIGHT * level), since >> (TILE_HEIGHT * level)
        if hashes == 0:
            return
        # A partial tile that is as wide as before is the same tile.
        if hashes > had:
            yield from (Tile(level, index, width) for index, width in _places(hashes, had))


def entry_bundles_of(size: int, *, since: int = 0) -> Iterator[EntryBundle]:
    """Yield the entry bundles of a trail of `size` entries that the one of `since` does not have."""
    if size > since:
        yield from (EntryBundle(index, width) for index, width in _places(size, since))


class TileReader:
    """Answers for the perfect subtrees of a tree of `size` leaves out of its tiles.

    `get_hash` of a reader is what the proofs of `audits.trail.merkle` ask for. The reader keeps the
    tiles it has read, so that it SHOULD be made for one proof, or one run of proofs, and thrown away.
    """

    __slots__ = ("_read", "_size", "_tiles")

    def __init__(self, size: int, read: Callable[[Tile], bytes]) -> None:
        self._size = size
        self._read = read
        self._tiles: dict[tuple[int, int], bytes] = {}

    def get_hash(self, level: int, index: int) -> bytes:
        """Return the hash of the perfect subtree (level, index), read or computed from one tile."""
        tile_level, height = divmod(level, TILE_HEIGHT)
        first = index << height
        tile_index, offset = divmod(first, TILE_WIDTH)
        row = self._tile(tile_level, tile_index)[offset * HASH_BYTES : (offset + (1 << height)) * HASH_BYTES]
        if len(row) != HASH_BYTES << height:
            raise ValueError(f"The subtree {index} of level {level} is not in a tree of {self._size} leaves.")
        while len(row) > HASH_BYTES:
            # Two hashes stand side by side as a node wants them; hundreds of nodes are made for one proof.
            row = b"".join([sha256(b"\x01" + row[at : at + _PAIR]).digest() for at in range(0, len(row), _PAIR)])
        return row

    def _tile(self, level: int, index: int) -> bytes:
        known = self._tiles.get((level, index))
        if known is not None:
            return known
        width = min(TILE_WIDTH, (self._size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH)
        if width <= 0:
            return b""
        tile = Tile(level, index, width)
        contents = self._tiles[level, index] = tile.checked(self._read(tile))
        return contents


def leaf_hashes_of(bundle: EntryBundle, contents: bytes) -> list[bytes]:
    """Return the leaf hashes of the entries of a bundle: what the level 0 tile of the same place holds."""
    return [leaf_hash(entry) for entry in bundle.entries(contents)]


def _places(count: int, had: int) -> Iterable[tuple[int, int]]:
    for index in range(had // TILE_WIDTH, -(-count // TILE_WIDTH)):
        yield index, min(TILE_WIDTH, count - index * TILE_WIDTH)


def _place(index: int, width: int) -> str:
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return "/".join(reversed(groups)) + suffix


def _number(path: str) -> int:
    return int(path.replace("x", "").replace("/", ""))


def _require_place(index: int, width: int) -> None:
    if not 0 <= index < 2**63:
        raise TileRefused(f"The index of a tile is not negative and below 2**63, not {index}.")
    if not 1 <= width <= TILE_WIDTH:
        raise TileRefused(f"The width of a tile is between 1 and {TILE_WIDTH}, not {width}.")


def _with_length(entry: bytes) -> bytes:
    if len(entry) > MAX_ENTRY_BYTES:
        raise ValueError(f"An entry of a bundle has at most {MAX_ENTRY_BYTES} bytes, this one has {len(entry)}.")
    return len(entry).to_bytes(2, "big") + entry
