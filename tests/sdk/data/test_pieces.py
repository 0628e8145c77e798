"""Pieces in blocks are the same sequence as pieces in a list."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepprune_sdk.data import pieces as module
from deepprune_sdk.data.pieces import Pieces

PIECE = st.text(max_size=4)
READS = st.lists(st.lists(PIECE, max_size=9), max_size=30)


@pytest.fixture(autouse=True, scope="module")
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", 4)
        yield


@given(reads=READS, begin=st.integers(0, 120), length=st.integers(0, 120))
def test_they_are_a_sequence_and_a_text(reads: list[list[str]], begin: int, length: int) -> None:
    kept, plain = Pieces(), list[str]()
    for read in reads:
        kept.extend(read)
        plain += read
        assert len(kept) == len(plain)
    assert list(kept) == plain
    assert kept[begin : begin + length] == plain[begin : begin + length]
    assert kept[::-2] == plain[::-2]
    assert [kept[index] for index in range(-len(plain), len(plain))] == plain + plain
    assert kept.text() == "".join(plain)
    assert kept.text(begin) == "".join(plain[begin:])
    assert kept.text(begin, begin + length) == "".join(plain[begin : begin + length])


@given(read=st.lists(PIECE, max_size=40), more=st.lists(PIECE, max_size=40))
def test_a_copy_grows_on_its_own(read: list[str], more: list[str]) -> None:
    kept = Pieces(read)
    copy = kept.copy()
    copy.extend(more)
    kept.extend(reversed(more))
    assert list(copy) == read + more
    assert list(kept) == [*read, *reversed(more)]


def test_a_block_may_be_long() -> None:
    long = ["a" * 70_000, "b", "", "c"] * 3
    assert list(Pieces(long)) == long


def test_they_refuse_what_a_list_refuses() -> None:
    with pytest.raises(IndexError):
        Pieces("ab")[2]
    with pytest.raises(TypeError, match="unhashable"):
        hash(Pieces())
    assert Pieces("ab") == ["a", "b"]
    assert Pieces("ab") != {"a", "b"}
    assert repr(Pieces("ab")) == "Pieces(['a', 'b'])"
