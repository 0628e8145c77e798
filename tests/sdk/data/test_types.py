"""What crosses the boundary, and how wrong values are told."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from deepprune_sdk import (
    Checkpoints,
    ConfigurationError,
    DeepPrune,
    JudgingLimits,
    Message,
    ParallelReasoner,
    Requests,
    Retries,
    Sampling,
    SettledVote,
)
from deepprune_sdk.data import Prompt, Usage
from deepprune_sdk.data.messages import to_messages
from deepprune_sdk.errors import AllTracesFailedError, MissingExtraError
from deepprune_sdk.testing import ScriptedBackend


def reasoner() -> ParallelReasoner:
    return ParallelReasoner(ScriptedBackend(["5"]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: to_messages(""), "the prompt is empty (''): give a question"),
        (lambda: to_messages(" \n"), "the prompt is empty (' \\n'): give a question"),
        (lambda: to_messages([]), "the prompt is empty ([]): give a question"),
        (
            lambda: to_messages([{"role": "robot", "content": "Hi"}]),
            "Message(role='robot'): Input should be 'system', 'developer', 'user', 'assistant', "
            "'tool' or 'function'",
        ),
        (lambda: to_messages([{"role": "user"}]), "Message needs content"),
        (
            lambda: reasoner().run("?", n=0),
            "n=0: sample at least 1 trace",
        ),
        (
            lambda: Requests(concurrency=0),
            "Requests(concurrency=0): Input should be greater than or equal to 1",
        ),
        (
            lambda: Sampling(temperature=-1),
            "Sampling(temperature=-1): Input should be greater than or equal to 0",
        ),
        (
            lambda: Sampling(top_p=1.5),
            "Sampling(top_p=1.5): Input should be less than or equal to 1",
        ),
        (
            lambda: Sampling(max_tokens=0),
            "Sampling(max_tokens=0): Input should be greater than or equal to 1",
        ),
        (
            lambda: DeepPrune(tau=2),
            "DeepPrune(tau=2): Input should be less than or equal to 1",
        ),
        (
            lambda: SettledVote(confidence=0.5),
            "SettledVote(confidence=0.5): Input should be greater than 0.5",
        ),
        (
            lambda: Retries(attempts=0),
            "Retries(attempts=0): Input should be greater than or equal to 1",
        ),
        (
            lambda: JudgingLimits(timeout=0),
            "JudgingLimits(timeout=0): Input should be greater than 0",
        ),
        (
            lambda: Checkpoints(at=()),
            "Checkpoints(at=()): Tuple should have at least 1 item after validation, not 0",
        ),
        (
            lambda: Checkpoints.tokens(5, 3),
            "Checkpoints: at=(5, 3): give positive counts in increasing order",
        ),
        (
            lambda: Checkpoints.tokens(0),
            "Checkpoints: at=(0,): give positive counts in increasing order",
        ),
        (
            lambda: Checkpoints.steps(1, words=("so so",)),
            "Checkpoints: words=('so so',): give single words",
        ),
        (
            lambda: DeepPrune.model_validate({"checkpoints": {"at": [3, 3]}}),
            "Checkpoints: at=(3, 3): give positive counts in increasing order",
        ),
        (
            lambda: Retries.model_validate({"tries": 3}),
            "Retries has no setting 'tries'; known: attempts, initial, maximum, patience",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_mend(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert str(caught.value) == message


def test_a_list_of_questions_is_no_prompt() -> None:
    prompts: object = ["one?", "two?"]
    with pytest.raises(ConfigurationError, match="'one\\?' is not a chat message"):
        to_messages(prompts)  # pyright: ignore[reportArgumentType]


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="Instance is frozen"):
        Sampling().temperature = 1  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    "prompt",
    [
        "Why?",
        [{"role": "user", "content": "Why?"}],
        [Message(role="user", content="Why?")],
        ({"role": "user", "content": "Why?"},),
    ],
)
def test_prompts_become_messages(prompt: Prompt) -> None:
    assert to_messages(prompt) == (Message(role="user", content="Why?"),)


def test_usage_adds_up_and_stays_estimated() -> None:
    total = Usage(prompt=1, generated=2) + Usage(prompt=3, generated=4, estimated=True)
    assert total == Usage(prompt=4, generated=6, estimated=True)


def test_errors_that_carry_more_than_a_message() -> None:
    missing = MissingExtraError(extra="hf", package="torch")
    assert "pip install 'deepprune-sdk[hf]'" in str(missing)
    assert str(AllTracesFailedError({2: "broken"})) == "broken"
    assert str(AllTracesFailedError({})) == "no trace was started"
    assert str(AllTracesFailedError({0: "a", 1: "b"})) == "all 2 traces failed; the first: a"
