"""The tree of RFC 6962: published vectors, an oracle written from the definitions, and corruption."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.trail.merkle import (
    EMPTY_ROOT,
    Frontier,
    ProofRefused,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    subtree_root,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "trail"
PROBES = json.loads((VECTORS / "probes.json").read_text())
SIZES = 130

EIGHT = [
    bytes.fromhex(data)
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
EIGHT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


# The oracle: RFC 6962 section 2.1 word for word, over lists, as slow as it reads.
def oracle_split(leaves: list[bytes]) -> int:
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return k


def oracle_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = oracle_split(leaves)
    return hashlib.sha256(b"\x01" + oracle_root(leaves[:k]) + oracle_root(leaves[k:])).digest()


def oracle_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = oracle_split(leaves)
    if index < k:
        return [*oracle_path(index, leaves[:k]), oracle_root(leaves[k:])]
    return [*oracle_path(index - k, leaves[k:]), oracle_root(leaves[:k])]


def oracle_subproof(size: int, leaves: list[bytes], is_whole: bool) -> list[bytes]:
    if size == len(leaves):
        return [] if is_whole else [oracle_root(leaves)]
    k = oracle_split(leaves)
    if size <= k:
        return [*oracle_subproof(size, leaves[:k], is_whole), oracle_root(leaves[k:])]
    return [*oracle_subproof(size - k, leaves[k:], False), oracle_root(leaves[:k])]


@pytest.fixture(scope="module")
def leaves() -> list[bytes]:
    return [leaf_hash(bytes([number])) for number in range(SIZES)]


@pytest.fixture(scope="module")
def tree(leaves: list[bytes]) -> Tree:
    return Tree(leaves)


def digest(lines: Iterable[str]) -> str:
    running = hashlib.sha256()
    for line in lines:
        running.update(line.encode() + b"\n")
    return running.hexdigest()


def spaced(hashes: Iterable[bytes]) -> str:
    return "".join(f" {one.hex()}" for one in hashes)


def test_the_hashes_of_rfc_6962() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots_over_eight_leaves(size: int) -> None:
    hashes = [leaf_hash(data) for data in EIGHT]
    assert root(hashes[:size]).hex() == EIGHT_ROOTS[size]
    assert Tree(hashes).root(size).hex() == EIGHT_ROOTS[size]


def test_the_published_proof_from_one_to_eight_leaves() -> None:
    eight = Tree(leaf_hash(data) for data in EIGHT)
    published = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [one.hex() for one in consistency_proof(1, 8, eight.get_hash)] == published
    assert [one.hex() for one in inclusion_proof(0, 8, eight.get_hash)] == published


def test_every_root_up_to_130_leaves_has_the_known_digest(tree: Tree) -> None:
    lines = (f"{size} {tree.root(size).hex()}" for size in range(SIZES + 1))
    assert digest(lines) == "9c67f07f906103b6bf201842a50ff0b8c91fca9b3e211334a6b7aa3133165dec"


def test_every_consistency_proof_up_to_130_leaves_has_the_known_digest(tree: Tree) -> None:
    lines = (
        f"{old} {new}{spaced(consistency_proof(old, new, tree.get_hash) if 0 < old < new else [])}"
        for new in range(SIZES + 1)
        for old in range(new + 1)
    )
    assert digest(lines) == "ab73a7715fa529728307753a8e31acba5ebca4226b2496e6327b502533a59c7c"


def subtrees() -> Iterable[tuple[int, int]]:
    for end in range(SIZES + 1):
        for start in range(end + 1):
            ceiling = 1 << max(end - start - 1, 0).bit_length()
            if start in (0, end) or start % ceiling == 0:
                yield start, end


def test_every_subtree_up_to_130_leaves_has_the_known_digest(tree: Tree) -> None:
    lines = (f"[{start}, {end}) {subtree_root(start, end, tree.get_hash).hex()}" for start, end in subtrees())
    assert digest(lines) == "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81"


def test_every_inclusion_proof_in_every_subtree_has_the_known_digest(tree: Tree) -> None:
    lines = (
        f"{index} [{start}, {end})"
        + spaced(
            inclusion_proof(
                index - start,
                end - start,
                lambda level, place, start=start: tree.get_hash(level, place + (start >> level)),
            )
        )
        for start, end in subtrees()
        for index in range(start, end)
    )
    assert digest(lines) == "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f"


def test_the_committed_probes_are_196_of_which_184_must_be_refused() -> None:
    for kind in ("inclusion", "consistency"):
        assert len(PROBES[kind]) == 98
        assert sum(probe["refused"] for probe in PROBES[kind]) == 92


@pytest.mark.parametrize("probe", PROBES["inclusion"], ids=lambda probe: probe["name"])
def test_an_inclusion_probe_is_judged_as_published(probe: dict[str, Any]) -> None:
    arguments = (
        bytes.fromhex(probe["leaf_hash"]),
        probe["index"],
        probe["size"],
        [bytes.fromhex(one) for one in probe["proof"]],
        bytes.fromhex(probe["root"]),
    )
    if probe["refused"]:
        with pytest.raises(ProofRefused):
            verify_inclusion(*arguments)
    else:
        verify_inclusion(*arguments)


@pytest.mark.parametrize("probe", PROBES["consistency"], ids=lambda probe: probe["name"])
def test_a_consistency_probe_is_judged_as_published(probe: dict[str, Any]) -> None:
    arguments = (
        probe["old_size"],
        probe["new_size"],
        [bytes.fromhex(one) for one in probe["proof"]],
        bytes.fromhex(probe["old_root"]),
        bytes.fromhex(probe["new_root"]),
    )
    if probe["refused"]:
        with pytest.raises(ProofRefused):
            verify_consistency(*arguments)
    else:
        verify_consistency(*arguments)


def test_roots_and_proofs_are_those_of_the_oracle_up_to_130_leaves(leaves: list[bytes], tree: Tree) -> None:
    frontier = Frontier()
    for size in range(SIZES + 1):
        assert frontier.size == size
        assert frontier.root() == tree.root(size) == oracle_root(leaves[:size])
        if size < SIZES:
            frontier.append(leaves[size])
    # The oracle takes seconds over all pairs; every size is met here, with its edges.
    for size in range(1, SIZES + 1):
        for index in {0, size // 3, size // 2, size - 1}:
            assert inclusion_proof(index, size, tree.get_hash) == oracle_path(index, leaves[:size])
        for old in {1, (size + 1) // 2, max(1, size - 1), size}:
            expected = oracle_subproof(old, leaves[:size], True)
            assert consistency_proof(old, size, tree.get_hash) == expected


def test_every_proof_up_to_130_leaves_is_accepted(leaves: list[bytes], tree: Tree) -> None:
    for size in range(1, SIZES + 1):
        for number in range(size):
            proof = inclusion_proof(number, size, tree.get_hash)
            verify_inclusion(leaves[number], number, size, proof, tree.root(size))
            old = number + 1
            proof = consistency_proof(old, size, tree.get_hash)
            verify_consistency(old, size, proof, tree.root(old), tree.root(size))


def flipped(one: bytes, at: int) -> bytes:
    return one[: at // 8] + bytes([one[at // 8] ^ 1 << at % 8]) + one[at // 8 + 1 :]


@given(st.data())
def test_a_proof_with_any_flipped_bit_or_other_place_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 200))
    tree = Tree(leaf_hash(number.to_bytes(2, "big")) for number in range(size))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size - 1))
    bit = data.draw(st.integers(0, 255))

    included = inclusion_proof(index, size, tree.get_hash)
    leaf, top = tree.get_hash(0, index), tree.root()
    at = data.draw(st.integers(0, len(included) - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index))
    broken = [*included[:at], flipped(included[at], bit), *included[at + 1 :]]
    for arguments in (
        (leaf, index, size, broken, top),
        (flipped(leaf, bit), index, size, included, top),
        (leaf, index, size, included, flipped(top, bit)),
        (leaf, other, size, included, top),
        (leaf, index, size, included[:-1], top),
        (leaf, index, size, [*included, top], top),
    ):
        with pytest.raises(ProofRefused):
            verify_inclusion(*arguments)

    grown = consistency_proof(old, size, tree.get_hash)
    before = tree.root(old)
    at = data.draw(st.integers(0, len(grown) - 1))
    broken = [*grown[:at], flipped(grown[at], bit), *grown[at + 1 :]]
    for old_size, proof, old_root, new_root in (
        (old, broken, before, top),
        (old, grown, flipped(before, bit), top),
        (old, grown, before, flipped(top, bit)),
        (old, grown[:-1], before, top),
        (old, [*grown, top], before, top),
        (0, [], EMPTY_ROOT, top),
        (size + 1, grown, before, top),
    ):
        with pytest.raises(ProofRefused):
            verify_consistency(old_size, size, proof, old_root, new_root)


def test_an_old_size_of_zero_proves_nothing_and_is_refused(tree: Tree) -> None:
    with pytest.raises(ProofRefused, match="from 0 to 5"):
        verify_consistency(0, 5, [], EMPTY_ROOT, tree.root(5))
    with pytest.raises(ProofRefused):
        verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    with pytest.raises(ValueError, match="from 0 to 5"):
        consistency_proof(0, 5, tree.get_hash)


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_frontier_kept_as_size_and_hashes_goes_on_where_it_was(first: int, more: int) -> None:
    hashes = [leaf_hash(number.to_bytes(2, "big")) for number in range(first + more)]
    early = Frontier()
    early.extend(hashes[:first])
    resumed = Frontier(early.size, early.hashes)
    kept = resumed.copy()
    resumed.extend(hashes[first:])
    assert resumed.root() == Tree(hashes).root()
    assert len(resumed.hashes) == resumed.size.bit_count()
    assert (kept.size, kept.root()) == (first, early.root())


@pytest.mark.parametrize(("size", "hashes"), [(1, []), (0, [bytes(32)]), (3, [bytes(32)]), (1, [bytes(31)]), (-1, [])])
def test_a_frontier_whose_hashes_do_not_fit_its_size_is_refused(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="frontier"):
        Frontier(size, hashes)


def test_a_leaf_that_is_not_a_hash_is_refused() -> None:
    for grow in (Frontier().append, Tree().append):
        with pytest.raises(ValueError, match="32 bytes"):
            grow(b"the entry instead of its hash")


def test_questions_beyond_the_tree_are_refused(tree: Tree) -> None:
    with pytest.raises(ValueError, match="no leaf 5"):
        inclusion_proof(5, 5, tree.get_hash)
    with pytest.raises(ValueError, match="no root at size 131"):
        tree.root(SIZES + 1)
