"""Kinds of answers in live runs: what is asked, what is recorded, what is read again."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest
from pydantic import BaseModel

from deepprune_sdk import ConfigurationError, FullSampling, Limits, ParallelReasoner
from deepprune_sdk.answers import FunctionAnswers, JsonAnswers, as_extractor
from deepprune_sdk.data import Message
from deepprune_sdk.evaluation.bench import run_bench
from deepprune_sdk.evaluation.redundancy import study_redundancy
from deepprune_sdk.evaluation.replay import replay
from deepprune_sdk.judges import LearnedJudge
from deepprune_sdk.recorder import Problem, RecordingSession
from deepprune_sdk.recording import TraceReader, TraceWriter
from deepprune_sdk.recording.run_log import verify_run_log
from deepprune_sdk.testing import ScriptedBackend

FULL = FullSampling()
YES_NO = "choice:yes|no"


class City(BaseModel):
    name: str
    people: int


def asked(backend: ScriptedBackend) -> str:
    return backend.requests[0].messages[-1].content


@pytest.mark.anyio
async def test_a_kind_says_how_it_wants_its_answer_unless_it_is_not_to() -> None:
    backend = ScriptedBackend(["yes"])
    reasoner = ParallelReasoner(backend, policy=FULL, answers=YES_NO)
    await reasoner.solve("Is it?", n=1)
    first, _, instruction = asked(backend).partition("\n")
    assert first == "Is it?"
    assert "yes" in instruction

    backend.requests.clear()
    await reasoner.solve("Is it?", n=1, instruct=False)
    assert asked(backend) == "Is it?"


@pytest.mark.anyio
async def test_the_instruction_follows_the_last_question_of_a_chat() -> None:
    backend = ScriptedBackend(["yes"])
    reasoner = ParallelReasoner(backend, policy=FULL, answers=YES_NO)
    chat = [Message(role="user", content="Is it?"), Message(role="assistant", content="Well,")]
    await reasoner.solve(chat, n=1)
    sent = backend.requests[0].messages
    assert sent[0].content.startswith("Is it?\n")
    assert sent[1] == chat[1]


@pytest.mark.anyio
async def test_solve_and_record_send_the_same_prompt(tmp_path: Path) -> None:
    solving, recording = ScriptedBackend(["yes"]), ScriptedBackend(["yes"])
    await ParallelReasoner(solving, policy=FULL, answers=YES_NO).solve("Is it?", n=1)
    with TraceWriter(tmp_path / "t.jsonl") as writer:
        session = RecordingSession(recording, writer, n=1, answers=YES_NO)
        async with session.run(Problem(question="Is it?")) as run:
            await run.wait()
    assert recording.requests[0].messages == solving.requests[0].messages
    (trace,) = TraceReader(tmp_path / "t.jsonl")
    assert (trace.question, trace.answers) == ("Is it?", YES_NO)
    assert f"{trace.question}\n{trace.instruction}" == asked(solving)


@pytest.mark.anyio
async def test_the_default_adds_nothing_and_says_what_it_took() -> None:
    backend = ScriptedBackend(["Paris", "paris.", "**Paris**", "\\boxed{Lyon}"])
    result = await ParallelReasoner(backend, policy=FULL).solve("Which city?", n=4)
    assert asked(backend) == "Which city?"
    assert (result.answer or "").lower() == "paris"  # as the first of them wrote it
    assert (result.answers, result.agreement) == ("auto: text", 0.75)


@pytest.mark.anyio
async def test_a_model_is_a_kind_and_is_asked_for_where_a_backend_can() -> None:
    backend = ScriptedBackend(['{"name": "Bern", "people": 1}', '{"name": "Bern"}'])
    result = await ParallelReasoner(backend, policy=FULL, answers=City).solve("?", n=2)
    assert City.model_validate_json(result.answer or "") == City(name="Bern", people=1)
    assert [trace.answer is None for trace in result.traces] == [False, True]
    wanted = backend.requests[0].response_format
    assert wanted is not None
    assert wanted["type"] == "json_schema"


@pytest.mark.anyio
async def test_a_recording_is_read_as_it_was_made(tmp_path: Path) -> None:
    """Whatever reads it without being told otherwise: votes, replays, the bench, the study."""
    path = tmp_path / "t.jsonl"
    texts = [
        f'{{"city": "{city}", "why": "{why}"}}' for why, city in enumerate(["Bern"] * 3 + ["Basel"])
    ]
    kind = JsonAnswers(fields=("city",))
    reasoner = ParallelReasoner(ScriptedBackend(texts), policy=FULL, answers=kind, record=path)
    live = await reasoner.solve("?", n=4, run_log=tmp_path / "log.jsonl")
    assert live.agreement == 0.75

    traces = list(TraceReader(path))
    assert {trace.answers for trace in traces} == {"json:fields=city"}
    assert (await replay(traces, FULL, LearnedJudge())).result.agreement == 0.75
    (problem,) = study_redundancy(traces).problems
    assert (problem.same, problem.different) == (3, 3)
    assert verify_run_log(tmp_path / "log.jsonl").roster.tally().agreement == 0.75
    again = await reasoner.solve("?", n=4, resume=path)
    assert (again.agreement, again.usage.resumed) == (0.75, again.usage.generated)


def test_a_problem_recorded_by_two_kinds_is_read_by_neither_unasked(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    for kind in ("number", "text"):
        backend = ScriptedBackend(["It is 5"])
        reasoner = ParallelReasoner(backend, policy=FULL, answers=kind, record=path)
        anyio.run(partial(reasoner.solve, "?", 1, instruct=False))
    traces = list(TraceReader(path))
    with pytest.raises(ConfigurationError, match="recorded with answers=number and text: say"):
        study_redundancy(traces)
    (problem,) = study_redundancy(traces, answers=as_extractor("number")).problems
    assert problem.same == 1


def test_a_bench_votes_field_by_field_as_a_run_does(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    objects = [(1, 0)] * 3 + [(2, 5)] * 2 + [(2, 6)] * 2
    backend = ScriptedBackend([f'{{"a": {a}, "b": {b}}}' for a, b in objects])
    reasoner = ParallelReasoner(backend, policy=FULL, answers="json:by_field=true", record=path)
    live = anyio.run(reasoner.solve, "?", 7)
    traces = [replace(trace, gold='{"a": 2, "b": 0}') for trace in TraceReader(path)]
    (drawn,) = run_bench({"p": traces}, {}, LearnedJudge, n=7, repeats=1, seed=0)
    assert json.loads(live.answer or "") == {"a": 2, "b": 0}
    assert drawn.outcomes["cons"].correct


def test_a_bench_reads_a_recording_as_it_was_made(tmp_path: Path) -> None:
    texts = ['{"city": "Bern", "why": 1}', '{"city": "Bern", "why": 2}', '{"city": "Basel"}']
    kind = JsonAnswers(fields=("city",))
    path = tmp_path / "t.jsonl"
    reasoner = ParallelReasoner(ScriptedBackend(texts), policy=FULL, answers=kind, record=path)
    anyio.run(reasoner.solve, "?", 3)
    traces = {"p": list(TraceReader(path))}
    (drawn,) = run_bench(traces, {}, LearnedJudge, n=3, repeats=1, seed=0)
    assert drawn.outcomes["cons"].distinct == 2
    (drawn,) = run_bench(traces, {}, LearnedJudge, n=3, repeats=1, seed=0, answers=JsonAnswers())
    assert drawn.outcomes["cons"].distinct == 3


@pytest.mark.anyio
async def test_answers_of_a_function_are_recorded_as_they_were_read(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    own = FunctionAnswers(lambda text: text.split()[0])
    reasoner = ParallelReasoner(
        ScriptedBackend(["red \\boxed{1}", "red \\boxed{2}"]), policy=FULL, answers=own, record=path
    )
    assert (await reasoner.solve("?", n=2)).answer == "red"
    replayed = await replay(list(TraceReader(path)), FULL, LearnedJudge())
    assert replayed.result.answer == "red"


@pytest.mark.anyio
async def test_versions_that_a_function_reads_are_not_numbers(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    versions = ["version 3.10", "version 3.1", "version 3.1"]
    reasoner = ParallelReasoner(
        ScriptedBackend(versions), policy=FULL, answers=lambda text: text.split()[1], record=path
    )
    assert (await reasoner.solve("?", n=3)).agreement == pytest.approx(2 / 3)
    (problem,) = study_redundancy(TraceReader(path)).problems
    assert (problem.same, problem.different) == (1, 2)


@pytest.mark.anyio
async def test_a_recording_has_what_a_model_read(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    texts = ['{"name": "Bern"}'] * 3 + ['{"people": 1, "name": "Basel"}'] * 2
    reasoner = ParallelReasoner(ScriptedBackend(texts), policy=FULL, answers=City, record=path)
    live = await reasoner.solve("?", n=5)
    traces = list(TraceReader(path))
    assert {(trace.answers, trace.answer == "") for trace in traces} == {
        ("json", True),
        ("json", False),
    }
    replayed = (await replay(traces, FULL, LearnedJudge())).result
    assert (replayed.answer, replayed.agreement) == (live.answer, live.agreement)
    assert replayed.agreement == 1.0


@pytest.mark.anyio
async def test_other_instructions_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    backend = ScriptedBackend(["yes"])
    reasoner = ParallelReasoner(backend, policy=FULL, answers=YES_NO, record=path)
    await reasoner.solve("Is it?", n=1)
    with pytest.raises(ConfigurationError, match="instruction of problem"):
        await reasoner.solve("Is it?", n=2, resume=path, instruct=False)


@pytest.mark.anyio
async def test_a_run_that_cannot_be_read_stops_and_says_so() -> None:
    backend = ScriptedBackend(["One thing leads to another, as they say. " * 4], concurrency=4)
    reasoner = ParallelReasoner(backend, policy=FULL)
    result = await reasoner.solve("?", n=40)
    assert result.ended_because == "no readable answer"
    assert result.answer is None
    assert 16 <= len(result.traces) <= 24
    assert any("without an answer that could be read" in said for said in result.warnings)
    free = reasoner.replace(limits=Limits(unread=False))
    assert len((await free.solve("?", n=40)).traces) == 40


@pytest.mark.anyio
async def test_a_divided_vote_can_be_withheld() -> None:
    reasoner = ParallelReasoner(ScriptedBackend(["\\boxed{1}", "\\boxed{2}"]), policy=FULL)
    result = await reasoner.solve("?", n=2, abstain_below=0.75)
    assert (result.answer, result.abstained, len(result.tally)) == (None, True, 2)
    with pytest.raises(ConfigurationError, match=r"abstain_below=1.5: give an agreement from 0 to"):
        await reasoner.solve("?", n=2, abstain_below=1.5)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("jsn", "did you mean json"),
        ("choice:yes|Yes.", "the same"),
        ("choice:yes", "choice"),
        ("regex:(", "not a regular expression"),
    ],
)
@pytest.mark.anyio
async def test_a_kind_that_cannot_be_is_refused_at_once(given: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        ParallelReasoner(ScriptedBackend(["yes"]), answers=given)


@pytest.mark.anyio
async def test_a_vote_field_by_field_may_find_what_no_trace_gave() -> None:
    texts = ['{"a": 1, "b": 1}', '{"a": 1, "b": 2}', '{"a": 2, "b": 2}']
    kind = JsonAnswers(by_field=True)
    result = await ParallelReasoner(ScriptedBackend(texts), policy=FULL, answers=kind).solve("?", 3)
    assert json.loads(result.answer or "") == {"a": 1, "b": 2}
    texts = ['{"a": 1, "b": 1}', '{"a": 1, "b": 2}', '{"a": 2, "b": 3}', '{"a": 2, "b": 2, "c": 0}']
    reasoner = ParallelReasoner(ScriptedBackend(texts), policy=FULL, answers="json:by_field=true")
    result = await reasoner.solve("?", 4)
    assert json.loads(result.answer or "")["b"] == 2
    assert len(result.tally) == 4
