"""The pieces of a text at a few bytes each."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final, cast, overload

__all__ = ["Pieces"]

BLOCK: Final = 256
"""Pieces that are joined into one text. A `str` of its own takes some 50 bytes, and a reference."""


@dataclass(frozen=True, slots=True)
class _Block:
    """`BLOCK` pieces joined, and the character offsets at which they end."""

    text: str
    ends: array[int]

    @classmethod
    def of(cls, pieces: Sequence[str]) -> _Block:
        text = "".join(pieces)
        return cls(text, array("H" if len(text) < 1 << 16 else "L", accumulate(map(len, pieces))))

    def offset(self, index: int) -> int:
        """Where the piece of this number begins."""
        return self.ends[index - 1] if index else 0

    def pieces(self) -> list[str]:
        return [self.text[begin:end] for begin, end in pairwise((0, *self.ends))]


class Pieces(Sequence[str]):
    """A text that grows piece by piece: the latest pieces as they came, those before them joined.

    Appending is O(pieces), a single piece O(1), a part of the text O(its length).
    """

    __slots__ = ("_blocks", "_tail")

    def __init__(self, pieces: Iterable[str] = ()) -> None:
        """Begin with `pieces`."""
        self._blocks: list[_Block] = []
        self._tail: list[str] = []
        self.extend(pieces)

    def extend(self, pieces: Iterable[str]) -> None:
        """Append pieces."""
        tail = self._tail
        tail += pieces
        if len(tail) >= 2 * BLOCK:
            whole = len(tail) - len(tail) % BLOCK - BLOCK  # at least a block stays as it came
            self._blocks += [
                _Block.of(tail[begin : begin + BLOCK]) for begin in range(0, whole, BLOCK)
            ]
            del tail[:whole]

    def text(self, begin: int = 0, end: int | None = None) -> str:
        """Join the pieces `begin` to `end`, which are counted from 0."""
        end = len(self) if end is None else min(end, len(self))
        joined = len(self._blocks) * BLOCK
        parts: list[str] = []
        if begin < joined:
            for number in range(begin // BLOCK, -(-min(end, joined) // BLOCK)):
                block, first = self._blocks[number], number * BLOCK
                left = block.offset(max(begin - first, 0))
                parts.append(block.text[left : block.offset(min(end - first, BLOCK))])
        parts += self._tail[max(begin - joined, 0) : max(end - joined, 0)]
        return "".join(parts)

    def copy(self) -> Pieces:
        """Return the same pieces, to grow on their own; what is joined is shared."""
        copy = Pieces()
        copy._blocks, copy._tail = self._blocks.copy(), self._tail.copy()
        return copy

    def __len__(self) -> int:
        return len(self._blocks) * BLOCK + len(self._tail)

    def __iter__(self) -> Iterator[str]:
        for block in self._blocks:
            yield from block.pieces()
        yield from self._tail

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]  # negative, or out of range, as of any sequence
        block, within = divmod(number, BLOCK)
        if block < len(self._blocks):
            joined = self._blocks[block]
            return joined.text[joined.offset(within) : joined.ends[within]]
        return self._tail[number - len(self._blocks) * BLOCK]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(cast("Sequence[object]", other))

    def __hash__(self) -> int:
        raise TypeError("unhashable: pieces grow")

    def __repr__(self) -> str:
        return f"Pieces({list(self)!r})"
