"""What evaluates recordings takes methods, judges and kinds by name, and refuses the rest."""

from typing import Any

import pytest
from support.recorded import recorded

from deepprune_sdk import ConfigurationError, LearnedJudge
from deepprune_sdk.evaluation.draws import draw
from deepprune_sdk.evaluation.replay import replay
from deepprune_sdk.policies import FullSampling

pytestmark = pytest.mark.anyio

TRACES = [recorded(number, "5") for number in range(4)]


async def test_a_replay_takes_names() -> None:
    replayed = await replay(TRACES, "cons", "learned", answers="number")
    assert replayed.result.answer == "5"
    assert (replayed.result.n, replayed.result.seconds) == (4, None)


@pytest.mark.parametrize("wrong", [FullSampling, LearnedJudge, 1.5, None, [], "word"])
async def test_a_replay_refuses_the_rest_in_one_line(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"policy|no method"):
        await replay(TRACES, wrong, "learned")
    with pytest.raises(ConfigurationError, match="judge"):
        await replay(TRACES, "cons", wrong)
    with pytest.raises(ConfigurationError, match="n="):
        draw(TRACES, wrong, 0)
