"""What an extractor can do beyond finished texts: said by itself, kept by what is around it."""

from __future__ import annotations

import pytest
from support.labels import FINISHED_ONLY, LABEL_PROBE, LABELS, UNASKED, Bare

from deepprune_sdk.answers import Answers, ExtractorPowers, FunctionAnswers, JsonAnswers
from deepprune_sdk.answers.powers import watch
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.protocols import AnswerExtractor


class Around:
    """Reads through another extractor, in lower case."""

    def __init__(self, wrapped: AnswerExtractor) -> None:
        self.wrapped = wrapped

    def extract(self, text: str, *, complete: bool) -> str | None:
        answer = self.wrapped.extract(text, complete=complete)
        return answer and answer.lower()

    def equivalent(self, left: str, right: str) -> bool:
        return self.wrapped.equivalent(left, right)


class Outspoken(Around):
    """Has a word of its own on both powers."""

    reads_incomplete = False
    probe = "So: "


BOX = "\n\nSo the final answer is \\boxed{"


@pytest.mark.parametrize(
    ("answers", "name", "reads_incomplete", "probe"),
    [
        (Answers(), "Answers", True, BOX),
        (Answers(probe="\nHence: "), "Answers", True, "\nHence: "),
        (FINISHED_ONLY, "FunctionAnswers", False, None),
        (UNASKED, "FunctionAnswers", True, None),
        (LABELS, "FunctionAnswers", True, LABEL_PROBE),
        (Bare(), "Bare", False, None),
        (Around(Around(Answers())), "Answers", True, BOX),
        (Around(FINISHED_ONLY), "FunctionAnswers", False, None),
        (Outspoken(UNASKED), "FunctionAnswers", False, "So: "),
    ],
)
def test_an_extractor_says_what_it_can_do(
    answers: AnswerExtractor, name: str, reads_incomplete: bool, probe: str | None
) -> None:
    powers = ExtractorPowers.of(answers)
    assert (powers.name, powers.reads_incomplete, powers.probe) == (name, reads_incomplete, probe)


def test_the_prompt_the_format_and_the_name_are_said_too() -> None:
    json = JsonAnswers(fields=("city",))
    instruction = 'Give your final answer as a JSON object with the fields "city".'
    for answers in (json, Around(Around(json))):
        powers = ExtractorPowers.of(answers)
        assert powers.instruction == instruction
        assert powers.response_format == {"type": "json_object"}
        assert powers.spec == "json:fields=city"
    for bare in (Bare(), FINISHED_ONLY):
        powers = ExtractorPowers.of(bare)
        assert (powers.instruction, powers.response_format, powers.spec) == (None, None, None)
    told = FunctionAnswers(str.strip, instruction="End with LABEL: and a word.")
    assert ExtractorPowers.of(told).instruction == "End with LABEL: and a word."


def test_mathematics_is_named_where_it_has_no_settings_of_its_own() -> None:
    assert ExtractorPowers.of(Answers()).spec == "math"
    assert ExtractorPowers.of(Answers(choices=None)).spec is None
    assert "\\boxed{}" in (ExtractorPowers.of(Answers()).instruction or "")


def test_a_refusal_names_who_asks_the_extractor_and_the_fix() -> None:
    powers = ExtractorPowers.of(Bare())
    with pytest.raises(ConfigurationError, match=r"^mine .* Bare .* incomplete=.*reads_incomplete"):
        powers.require_incomplete("mine")
    with pytest.raises(ConfigurationError, match=r"^mine .* Bare .* incomplete="):
        powers.require_probe("mine")
    unasked = ExtractorPowers.of(UNASKED)
    unasked.require_incomplete("mine")
    with pytest.raises(ConfigurationError, match=r"^mine asks .* FunctionAnswers .* probe="):
        unasked.require_probe("mine")
    assert ExtractorPowers.of(LABELS).require_probe("mine") == LABEL_PROBE


# --- when a growing text is worth reading ---------------------------------------------------------


@pytest.mark.parametrize("answers", [Answers(), Around(Answers())])
@pytest.mark.parametrize(
    ("parts", "worth"),
    [
        (["so \\boxed{", "4", "2", "} and"], [False, False, False, True]),
        (["\\boxed{\\frac{1}", "{2}", "}"], [False, False, True]),
        (["\\box", "ed{5}, no, ", "\\boxed{6}"], [False, True, True]),
        (["\\boxed{ }", "{5}", "}"], [False, False, False]),
        (["The answer is 5.\n"], [False]),  # in words it may be a draft
    ],
)
def test_a_box_is_seen_where_it_is_closed(
    answers: AnswerExtractor, parts: list[str], worth: list[bool]
) -> None:
    following = watch(answers)
    assert [following.read(part) for part in parts] == worth


@pytest.mark.parametrize("answers", [LABELS, Bare(), Around(LABELS)])
def test_other_texts_are_read_ever_more_rarely(answers: AnswerExtractor) -> None:
    following, length, read, gaps = watch(answers), 0, 0, [0.0]
    last = 0
    for _ in range(4000):
        length += 25
        if following.read("w" * 25):
            read += length
            gaps.append((length - last - 25) / length)
            last = length
    assert max(gaps) <= 1 / 32  # never later than by that part of the text
    assert read < 40 * length  # at every look it would be 2,000 times
    assert not following.read("")


def test_a_short_text_is_read_at_every_look() -> None:
    following = watch(LABELS)
    assert all(following.read(" eight words of text, some thirty") for _ in range(30))
