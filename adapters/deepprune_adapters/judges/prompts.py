"""What a judge model is asked, and how its label is read: replaceable templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import exp, fsum, isnan
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator

from deepprune_sdk import ConfigurationError, Message
from deepprune_sdk.data import Pair, TracePrefix
from deepprune_sdk.data.config import Config

__all__ = [
    "DEEPPRUNE",
    "PROMPT_FILE",
    "ZERO_SHOT",
    "JudgePrompt",
    "default_prompt",
    "read_prompt",
    "shorten",
    "valid",
]

PROMPT_FILE = "judge_prompt.json"
"""Where a directory of pairs, and that of a judge trained on them, holds its template."""

LABEL_MASS = 0.01
"""Probability that all labels together must have; below it the model said something else."""

EDGE = " \t\r\n\"'`*_#>([«\u201c\u2018„Ġ▁Ċ"
"""What may stand before a label: blanks, quotes, markup, and how some servers write a blank."""

_PLACE = re.compile(r"\{(question|left|right)\}")
_TAG = re.compile(r"</?(\w+)>")
_SPECIAL = (
    r"<(?=[|\uff5c])"
    r"|<(?=/?(?:s|bos|eos|pad|think|start_of_turn|end_of_turn)>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS)\])"
)
"""Where a marker of a chat template begins: as data it must not open or close a turn."""


class JudgePrompt(Config):
    """A template: an instruction, and an input with the question and the two traces.

    `{question}`, `{left}` and `{right}` in the input are replaced once; braces in a trace mean
    nothing. Put the right trace last: what comes before it is shared by the pairs of one trace, and
    servers keep it in their prefix cache. Tags of the input, such as `<trace_1>`, and the markers
    of chat templates are broken up where a trace contains them, so that model text stays data.
    """

    instruction: str
    """The task."""
    input: str
    """The rest, with `{left}` and `{right}` in it, and `{question}` if the judge is to see it."""
    same: tuple[str, ...] = ("identical",)
    """Labels for the same final answer: the one that is asked for, then others that are meant."""
    different: tuple[str, ...] = ("not identical",)
    """Labels for different ones."""
    system: bool = False
    """Whether the instruction is a system message; otherwise it leads the user message."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        places = _PLACE.findall(self.input)
        if sorted(place for place in places if place != "question") != ["left", "right"]:
            raise ValueError("input must hold {left} once and {right} once")
        labels = (*self.same, *self.different)
        if not self.same or not self.different or not all(label.strip() for label in labels):
            raise ValueError("same and different need a label each")
        for one in self.same:
            for other in self.different:
                if _begins(one, other) or _begins(other, one):
                    raise ValueError(f"the labels {one!r} and {other!r} begin alike")
        return self

    def messages(self, pair: Pair) -> tuple[Message, ...]:
        """Write the chat messages for a pair."""
        if self.system:
            return (
                Message(role="system", content=self.instruction),
                Message(role="user", content=self._filled(pair)),
            )
        return (Message(role="user", content=f"{self.instruction}\n{self._filled(pair)}"),)

    def record(self, pair: Pair, *, same: bool) -> dict[str, str]:
        """Write a training record, in the layout of the paper's."""
        output = self.same[0] if same else self.different[0]
        return {"instruction": self.instruction, "input": self._filled(pair), "output": output}

    def _filled(self, pair: Pair) -> str:
        texts = {"question": pair.question, "left": pair.left.text, "right": pair.right.text}
        texts = {name: valid(text) for name, text in texts.items()}
        markers = _markers(self.input)
        return _PLACE.sub(
            lambda place: markers.sub(lambda mark: f"{mark[0]} ", texts[place[1]]), self.input
        )

    # --- reading the label ------------------------------------------------------------------------

    def means(self, text: str) -> bool | None:
        """Say which label a token, or a whole reply, begins: the same, another, or none."""
        same = any(_begins(text, label) for label in self.same)
        different = any(_begins(text, label) for label in self.different)
        return None if same == different else same

    def probability(self, candidates: Iterable[tuple[str, float]]) -> float | None:
        """Return the probability of `same` against `different` for a label's first token.

        Args:
            candidates: Tokens and their log-probabilities.

        Returns:
            The mass of all that begin the first over the mass of all that begin either; None where
            that is under 0.01.
        """
        mass: dict[bool, list[float]] = {True: [], False: []}
        for text, logprob in candidates:
            side = self.means(text)
            if side is not None and not isnan(logprob):
                mass[side].append(exp(min(logprob, 0.0)))
        same, different = fsum(mass[True]), fsum(mass[False])
        if same + different < LABEL_MASS:
            return None
        return same / (same + different)

    def score(self, positions: Sequence[tuple[str, Mapping[str, float]]]) -> float | None:
        """Return `probability` at the first token that is not only a blank or a quote.

        Args:
            positions: Each generated token, and its candidates' log-probabilities.
        """
        for token, candidates in positions:
            if not is_edge(token):
                return self.probability(candidates.items())
        return None


def is_edge(token: str) -> bool:
    """Whether a token is only what may stand before a label."""
    return not token.strip(EDGE)


def valid(text: str) -> str:
    """Return a text that can be encoded: half a surrogate pair, which servers send, cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _begins(text: str, label: str) -> bool:
    """Whether a text is the beginning of a label, or begins with it."""
    said, label = text.strip(EDGE), label.casefold()
    bare = said.casefold()
    if not bare:
        return False
    if label.startswith(bare):
        return len(bare) > 1 or said == bare  # a capital "I" is a word of its own
    return bare.startswith(label) and not bare[len(label)].isalnum()


@lru_cache(maxsize=32)
def _markers(template: str) -> re.Pattern[str]:
    """Return a pattern of where the template's own tags, or those of chat templates, begin."""
    tags = sorted(set(_TAG.findall(template)))
    own = rf"|<(?=/?(?:{'|'.join(tags)})>)" if tags else ""
    return re.compile(_SPECIAL + own, re.IGNORECASE)


DEEPPRUNE = JudgePrompt(
    instruction=(
        "You are given two unfinished reasoning traces for the same problem. Decide whether they "
        "will end in the same final answer. Reply with exactly one label: identical or not "
        "identical."
    ),
    input="<trace_1>\n{left}\n</trace_1>\n<trace_2>\n{right}\n</trace_2>",
)
"""The record layout of DeepPrune-Judge-4B (arXiv 2510.08483): the instruction, then an input of the
two truncated traces, in one user message. The authors' exact wording is not known (unverified):
replace it if you know it."""

ZERO_SHOT = JudgePrompt(
    instruction="Read a problem and two unfinished solutions of it.",
    input=(
        "<problem>\n{question}\n</problem>\n"
        "<solution_1>\n{left}\n</solution_1>\n"
        "<solution_2>\n{right}\n</solution_2>\n"
        "Question: will both solutions lead to the same final answer? Answer Yes or No."
    ),
    same=("yes", "identical", "same"),
    different=("no", "not identical", "different"),
)
"""For models that were not fine-tuned to judge. Small ones follow a plain yes or no best; the words
of the fine-tuned judge count too."""


def default_prompt(model: str) -> JudgePrompt:
    """Return the template that a trained directory holds, or that a model's name calls for."""
    file = Path(model).expanduser() / PROMPT_FILE
    if file.is_file():
        return read_prompt(file)
    return DEEPPRUNE if "deepprune" in model.casefold() else ZERO_SHOT


def read_prompt(file: Path) -> JudgePrompt:
    """Read a template that was written with `model_dump_json`.

    Raises:
        ConfigurationError: It cannot be read, or is none.
    """
    try:
        return JudgePrompt.model_validate_json(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"{file}: {error.strerror or error}; give a prompt that can be read"
        ) from error
    except (ConfigurationError, ValidationError) as error:
        why = error if isinstance(error, ConfigurationError) else "it is not JSON"
        raise ConfigurationError(f"{file} is no judge prompt: {why}") from error


def shorten(pair: Pair, room: int, split: Callable[[str], Sequence[str]]) -> tuple[Pair, int]:
    """Cut both prefixes to their first k tokens, k the largest with which they fit.

    The paper's rule: a prefix is the first k tokens, the same k for both.

    Args:
        pair: The pair.
        room: Tokens that both may have together.
        split: Cuts a text into tokens that are the text again when joined.

    Returns:
        The pair, and how many of its prefixes were cut.
    """
    left, right = split(pair.left.text), split(pair.right.text)
    if len(left) + len(right) <= room:
        return pair, 0
    shorter = min(len(left), len(right))
    kept = room // 2 if 2 * shorter >= room else room - shorter
    kept = max(0, kept)
    cut = (len(left) > kept) + (len(right) > kept)
    return replace(
        pair, left=_first(pair.left, left, kept), right=_first(pair.right, right, kept)
    ), cut


def _first(prefix: TracePrefix, pieces: Sequence[str], kept: int) -> TracePrefix:
    if len(pieces) <= kept:
        return prefix
    return replace(prefix, text="".join(pieces[:kept]), tokens=min(prefix.tokens, kept))
