"""Pairs of recorded traces, cut where a run would compare them, and how each came out.

DeepPrune's data (arXiv 2510.08483): every pair among the traces of one problem, labelled by whether
the two final answers are equivalent, each trace cut to its first k tokens or to its first k
reasoning steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from random import Random
from statistics import median

from deepprune_sdk.data.trace import Pair, Trace, TracePrefix
from deepprune_sdk.policies.checkpoints import REASONING_WORDS, Checkpoints
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.recording.reader import RecordedTrace

__all__ = ["Cut", "LabelledPair", "first_steps", "first_tokens", "pair_up", "pairs_at"]

LabelledPair = tuple[Pair, bool]
"""A pair, and whether its traces ended in equivalent answers."""

Cut = Callable[[RecordedTrace], TracePrefix | None]
"""What a judge would have seen of a trace, or None where the trace had ended before."""


def first_tokens(traces: Sequence[RecordedTrace], checkpoint: float) -> Cut:
    """Return what cuts to the first k tokens.

    Args:
        traces: Of one problem and model.
        checkpoint: k; below 1, a fraction of the traces' median length.
    """
    if checkpoint < 1:
        checkpoint = max(1, round(checkpoint * median(trace.tokens for trace in traces)))
    tokens = int(checkpoint)

    def cut(trace: RecordedTrace) -> TracePrefix | None:
        if trace.tokens <= tokens:
            return None
        text = "".join(trace.pieces[:tokens])
        return TracePrefix(trace=trace.trace, checkpoint=0, text=text, tokens=tokens)

    return cut


def first_steps(k: int, words: Sequence[str] = REASONING_WORDS) -> Cut:
    """Return what cuts to the first k reasoning steps, each opened by one of the words."""
    checkpoints = Checkpoints.steps(k, words=tuple(words))

    def cut(trace: RecordedTrace) -> TracePrefix | None:
        tracker, live = checkpoints.track(), Trace(trace.trace)
        for piece in trace.pieces:
            live.pieces.extend((piece,))
            prefix = tracker.reached(live)
            if prefix is not None:
                return prefix
        return None

    return cut


def pair_up(
    traces: Sequence[RecordedTrace],
    cut: Cut,
    *,
    answers: AnswerExtractor,
    cap: int,
    seed: int,
) -> list[LabelledPair]:
    """Return the pairs of one problem's traces that are unfinished where they are cut.

    Args:
        traces: Of one problem and model.
        cut: Where.
        answers: Reads and compares final answers; a recorded one is taken as it is. A trace without
            one is in no pair.
        cap: Most pairs, drawn by `seed`.
        seed: Of the draw.
    """
    seen: list[tuple[TracePrefix, str]] = []
    for trace in traces:
        answer = trace.final_answer(answers)
        prefix = None if answer is None else cut(trace)
        if prefix is not None and answer is not None:
            seen.append((prefix, answer))
    pairs = list(combinations(seen, 2))
    if len(pairs) > cap:
        pairs = Random(f"{seed}/pairs/{traces[0].problem}").sample(pairs, cap)
    return [
        (
            Pair(question=traces[0].question, left=left, right=right),
            answers.equivalent(one, other),
        )
        for (left, one), (right, other) in pairs
    ]


def pairs_at(
    traces: Sequence[RecordedTrace],
    checkpoint: float,
    *,
    answers: AnswerExtractor,
    cap: int,
    seed: int,
) -> list[LabelledPair]:
    """Return `pair_up` at the first `checkpoint` tokens, as `first_tokens` counts them."""
    return pair_up(traces, first_tokens(traces, checkpoint), answers=answers, cap=cap, seed=seed)
