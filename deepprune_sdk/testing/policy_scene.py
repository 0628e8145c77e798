"""What the traces of `check_policy` say, and what its judge and probes answer about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from deepprune_sdk.data.signals import Probe
from deepprune_sdk.data.trace import Pair

__all__ = ["Scene", "write_scene"]

SHARES = (0.75, 0.15, 0.1)
"""How often the model gives each of its answers."""
WORDS: tuple[str, ...] = (
    " so",
    " some",
    " 7",
    " but",
    " wait,",
    " then\n",
    " carry the one",
    " hence",
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What each trace says, and how sure it is of each token.

    Attributes:
        pieces: The tokens of each trace.
        confidences: One for each token.
        thoughts: How many of a trace's first tokens are reasoning.
        answers: What a trace comes to; None for nothing.
        fails: The traces whose streams break off in the end.
    """

    pieces: Sequence[Sequence[str]]
    confidences: Sequence[Sequence[float]]
    thoughts: Sequence[int]
    answers: Sequence[str | None]
    fails: frozenset[int]

    def verdict(self, pair: Pair) -> float | None:
        """Mostly right, sometimes wrong, sometimes without a word."""
        left, right = pair.left.trace, pair.right.trace
        luck = Random(f"{pair.left.checkpoint}/{left}/{right}").random()
        if luck < 0.05:
            return None
        alike = self.answers[left] == self.answers[right]
        return 0.99 if alike is (luck < 0.9) else 0.1

    def probed(self, probe: Probe) -> str | None:
        """Any answer early in a trace, its own one later."""
        early = probe.tokens < len(self.pieces[probe.trace]) // 2
        answer = "5678"[probe.trace % 4] if early else self.answers[probe.trace]
        return None if answer is None else f"{answer}}}"


def write_scene(n: int, tokens: int, seed: int = 0) -> Scene:
    """Write `n` traces of half to all of `tokens`: most answer, some do not, some break off."""
    pieces: list[list[str]] = []
    confidences: list[list[float]] = []
    answers: list[str | None] = []
    fails: set[int] = set()
    for trace in range(n):
        random = Random(f"{seed}/{trace}")
        length = random.randint(tokens // 2, tokens)
        said = random.choices(WORDS, k=length)
        answer = random.choices("567", SHARES)[0]
        if trace % 11 == 4:
            fails.add(trace)
        if trace % 7 == 5:  # it repeats itself until its tokens are used up
            said = [" and again,"] * length
        if trace in fails or trace % 7 == 5:
            answers.append(None)
        else:
            said += [" \\boxed{", answer, "}", " is", " it."]
            answers.append(answer)
        level = random.uniform(4.0, 16.0)
        pieces.append(said)
        confidences.append([level + random.uniform(-2.0, 2.0) for _ in said])
    thoughts = [len(said) // 3 if trace % 2 else 0 for trace, said in enumerate(pieces)]
    return Scene(pieces, confidences, thoughts, answers, frozenset(fails))
