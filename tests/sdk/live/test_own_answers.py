"""Live runs with an extractor of a user's own: when a trace is done, how it is asked."""

from pathlib import Path

import anyio
import pytest
from support.labels import FINISHED_ONLY, LABEL_PROBE, LABELS, UNASKED, Bare, ReadingJudge
from support.live import StepBackend, never

from deepprune_sdk import (
    CachedJudge,
    Checkpoints,
    Composed,
    ConfigurationError,
    DeepPrune,
    FullSampling,
    ParallelProbe,
    ParallelReasoner,
    RecordingError,
    StopAtAnswer,
)
from deepprune_sdk.policies import Policy
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.recording.run_log import verify_run_log
from deepprune_sdk.testing import ScriptedBackend

pytestmark = pytest.mark.anyio

STOPPING = Composed(FullSampling(), StopAtAnswer(every=1))
PROBING = ParallelProbe(every=2, stable=2)


async def test_a_stream_is_closed_where_the_extractor_sees_the_answer() -> None:
    backend = StepBackend(["so ", "\\boxed{1} ", "LABEL: ", "cat", ".", never()])
    result = await ParallelReasoner(backend, policy=STOPPING, answers=LABELS).solve("?", n=1)
    assert [(t.outcome, t.answer, t.tokens) for t in result.traces] == [("answered", "cat", 5)]
    assert result.answer == "cat"


async def test_a_probe_is_asked_and_read_as_the_extractor_has_it(tmp_path: Path) -> None:
    steps = StepBackend(["w", " w", " w", " w", never()], continued={0: ["dog", " ran"]})
    path = tmp_path / "run.jsonl"
    parallel = ParallelReasoner(steps, policy=PROBING, answers=LABELS)
    result = await parallel.solve("?", n=1, run_log=path)
    assert (result.answer, result.ended_because) == ("dog", "stable")
    prefixes = {request.prefix for request in steps.requests if request.prefix}
    assert prefixes == {"w w" + LABEL_PROBE, "w w w w" + LABEL_PROBE}

    engine = verify_run_log(path, answers=LABELS)  # the same extractor reads the same
    assert engine.roster.tally().answer == "dog"
    with pytest.raises(RecordingError, match="the engine answers"):
        verify_run_log(path)  # the default one reads no answer in it, and would go on
    with pytest.raises(ConfigurationError, match=r"parallel-probe asks .* FunctionAnswers"):
        verify_run_log(path, answers=UNASKED)


@pytest.mark.parametrize("answers", [FINISHED_ONLY, Bare()])
@pytest.mark.parametrize(
    ("policy", "name"), [(STOPPING, "stop-at-answer"), (PROBING, "parallel-probe")]
)
async def test_what_reads_unfinished_texts_refuses_before_anything_is_sent(
    policy: Policy, name: str, answers: AnswerExtractor
) -> None:
    backend = StepBackend(["LABEL: cat"], continued={})
    parallel = ParallelReasoner(backend, policy=policy, answers=answers)
    with pytest.raises(ConfigurationError, match=rf"^{name} .* {type(answers).__name__} .* give "):
        await parallel.solve("?", n=1)
    assert backend.requests == []


async def test_what_probes_refuses_an_extractor_that_cannot_be_asked() -> None:
    backend = StepBackend(["LABEL: cat"], continued={})
    parallel = ParallelReasoner(backend, policy=PROBING).replace(answers=UNASKED)
    with pytest.raises(
        ConfigurationError, match=r"^parallel-probe asks .* FunctionAnswers .* probe="
    ):
        await parallel.solve("?", n=1)
    assert backend.requests == []


@pytest.mark.parametrize("answers", [FINISHED_ONLY, Bare()])
async def test_any_extractor_does_where_traces_end(answers: AnswerExtractor) -> None:
    backend = ScriptedBackend(["so LABEL: cat", "thus LABEL: Cat", "hence LABEL: dog"])
    result = await ParallelReasoner(backend, answers=answers).solve("?", n=3)
    assert result.answer in ("cat", "Cat")


# --- judges that read -----------------------------------------------------------------------------


async def test_a_judge_that_reads_answers_reads_them_as_the_run_does() -> None:
    judge = ReadingJudge()
    policy = DeepPrune(checkpoints=Checkpoints.tokens(4), tau=0.5)
    text = ["a", " LABEL:", " cat.", " and"]
    for asked in (judge, CachedJudge(judge)):
        first, judged = anyio.Event(), anyio.Event()  # neither ends before the judge has spoken
        backend = StepBackend([*text, first.set, judged, " so on"], [first, *text, judged, " on"])
        parallel = ParallelReasoner(backend, judge=asked, policy=policy, answers=LABELS)
        async with parallel.run("?", n=2) as run:
            async for event in run:
                if event.type == "trace_closed":
                    judged.set()
        assert [t.outcome for t in run.result.traces] == ["finished", "pruned"]
        assert run.result.judge.scored == 1
    assert judge.read_by == [LABELS, LABELS]


async def test_a_judge_that_cannot_read_as_the_run_does_refuses_before_anything_is_sent() -> None:
    backend = ScriptedBackend(["LABEL: cat"])
    parallel = ParallelReasoner(backend, judge=CachedJudge(ReadingJudge()), answers=FINISHED_ONLY)
    with pytest.raises(ConfigurationError, match=r"^reading reads .* FunctionAnswers"):
        await parallel.solve("?", n=1)
    assert backend.requests == []
