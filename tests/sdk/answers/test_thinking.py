"""Thinking that a server left in the text, by the marks of every family."""

import pytest

from deepprune_sdk.answers import Answers
from deepprune_sdk.answers.thinking import without_thinking

FAMILIES = [
    ("<think>", "</think>"),
    ("<Think>", "</THINK>"),
    ("<thinking>", "</thinking>"),
    ("<thought>\n", "</thought>"),
    ("<seed:think>", "</seed:think>"),
    ("<mm:think>", "</mm:think>"),
    ("<antThinking>", "</antThinking>"),
    ("<reasoning>", "</reasoning>"),
    ("<analysis>", "</analysis>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("[THINK]", "[/THINK]"),
    ("[thinking]", "[/thinking]"),
    ("\u25c1think\u25b7", "\u25c1/think\u25b7"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|think|>", "<|/think|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<|channel>thought\n", "<channel|>"),
    ("<unused94>thought\n", "<unused95>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|channel|>final <|constrain|>JSON<|message|>"),
    ("analysisWe need ", "assistantfinal"),
    ("analysis\nWe need ", "assistantfinal"),
]  # fmt: skip


@pytest.mark.parametrize(("opening", "closing"), FAMILIES)
def test_a_draft_is_no_answer(opening: str, closing: str) -> None:
    draft = f"{opening}a draft \\boxed{{3}}. The answer is 3."
    for complete in (True, False):
        said = Answers().extract(f"{draft}{closing}The answer is 4.\n", complete=complete)
        assert said == "4"
    assert Answers().extract(draft, complete=False) is None
    assert Answers().extract(f"\n {draft}\n", complete=False) is None


@pytest.mark.parametrize(("opening", "closing"), FAMILIES[:20])
def test_the_opening_mark_may_be_missing(opening: str, closing: str) -> None:
    assert without_thinking(f"a draft {closing}said", complete=False) == "said"
    assert without_thinking(f"{opening}a{closing}b{opening}c{closing}d", complete=True) == "bd"


@pytest.mark.parametrize(
    ("text", "complete", "said"),
    [
        ("nothing", True, "nothing"),
        ("", False, ""),
        # The model ended its text inside its thinking: that is all it said.
        ("<think>\\boxed{3}", True, "\\boxed{3}"),
        ("<|channel|>analysis<|message|>\\boxed{3}", True, "\\boxed{3}"),
        ("analysisWe need 3", True, "We need 3"),
        ("said\n<think>draft", True, "said\n"),
        ("said\n<think>draft", False, "said\n"),
        # An answer that talks about the marks.
        ("The `</think>` tag. 4", True, "The `</think>` tag. 4"),
        ("It writes '<think>' first. 4", False, "It writes '<think>' first. 4"),
        ("Use the <think> tag. 4", False, "Use the <think> tag. 4"),
        ("<think>a</think>4: the </think> tag ends it", True, "4: the </think> tag ends it"),
        ("<think>a</think>b\n</think>\n4", True, "\n4"),
        ("x < y and [T]", True, "x < y and [T]"),
        ("<think>a <reasoning>b</reasoning> c</think>4", True, "4"),
        ("<thinking>a</think>4", True, "4"),
        # Words that are no marks.
        ("analysis of variance: 4", False, "analysis of variance: 4"),
        ("The analysisWe made: 4", False, "The analysisWe made: 4"),
        ("the token <|channel|> is 4", False, "the token <|channel|> is 4"),
        # Harmony: only the final channel is the answer.
        ("<|channel|>commentary<|message|>I look it up.<|call|>", True, "I look it up."),
        (
            "<|channel|>commentary<|message|>First.<|end|><|start|>assistant<|channel|>final"
            "<|message|>4<|return|>",
            True,
            "4",
        ),
        ("draft<|end|><|start|>assistant<|channel|>final<|message|>4", False, "4"),
        ("<|channel|>analysis", False, ""),
        ("<|channel|>analysis<|mess", False, ""),
    ],
)
def test_what_is_said(text: str, complete: bool, said: str) -> None:
    assert without_thinking(text, complete=complete) == said
