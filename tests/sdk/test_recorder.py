"""Recording whole sets of problems, and going on with what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.recordings import numbers, read, save, trace

from deepprune_sdk import (
    AllTracesFailedError,
    Answers,
    ConfigurationError,
    RecordingError,
    Requests,
    Retries,
    Sampling,
    UnavailableError,
)
from deepprune_sdk.recorder import (
    Problem,
    RecordingSession,
    read_problems,
)
from deepprune_sdk.recording import TraceWriter
from deepprune_sdk.recording.naming import problem_name
from deepprune_sdk.testing import Script, ScriptedBackend

pytestmark = pytest.mark.anyio

SUM = Problem(problem="sum", question="What is 2 + 3?", gold="5")


def session(backend: ScriptedBackend, writer: TraceWriter, **options: Any) -> RecordingSession:
    return RecordingSession(backend, writer, n=options.pop("n", 3), **options)


async def record(backend: ScriptedBackend, path: Path, **options: Any) -> None:
    with TraceWriter(path) as writer:
        recording = session(backend, writer, **options)
        if recording.missing(SUM):
            async with recording.run(SUM) as run:
                await run.wait()


def seeds(backend: ScriptedBackend) -> dict[int, int | None]:
    return {request.trace: request.seed for request in backend.requests}


async def test_a_problem_is_recorded_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    backend = ScriptedBackend(["\\boxed{5}"])

    sampling = Sampling(temperature=1.0, seed=10)
    await record(backend, tmp_path / "a", sampling=sampling, answers="math")

    recorded = sorted(read(tmp_path / "a"), key=lambda each: each.trace)
    assert [each.trace for each in recorded] == [0, 1, 2]
    assert {(each.problem, each.question, each.gold) for each in recorded} == {
        ("sum", "What is 2 + 3?", "5")
    }
    assert [each.sampling for each in recorded] == [
        {"temperature": 1.0, "seed": seed} for seed in (10, 11, 12)
    ]
    assert {each.instruction for each in recorded} == {Answers().instruction}
    assert [request.messages[0].content for request in backend.requests] == [
        f"What is 2 + 3?\n{Answers().instruction}"
    ] * 3
    assert seeds(backend) == {0: 10, 1: 11, 2: 12}


async def test_what_is_missing_is_sampled_with_the_seeds_it_had(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with TraceWriter(path) as writer:
        for number in (1, 3):
            writer.write(
                trace(number, model="scripted", instruction="", sampling={"temperature": 0.8})
            )
    backend = ScriptedBackend(["zero", "one", "two", "three"])

    await record(backend, path, n=4, instruction="", sampling=Sampling(seed=100))

    assert seeds(backend) == {0: 100, 2: 102}
    assert {each.trace: each.text for each in read(path) if each.trace in {0, 2}} == {
        0: "zero",
        2: "two",
    }
    await record(backend, path, n=4, instruction="", sampling=Sampling(seed=100))
    assert len(backend.requests) == 2


async def test_failed_traces_are_not_recorded_and_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "a"
    broken = Script("one two three", error=UnavailableError("gone"), error_at=2)
    options = {"requests": Requests(retries=Retries(attempts=1))}

    await record(ScriptedBackend(["\\boxed{5}", broken, "\\boxed{6}"]), path, **options)
    assert numbers(path) == [("sum", 0), ("sum", 2)]

    await record(ScriptedBackend(["\\boxed{5}"]), path, **options)
    assert numbers(path) == [("sum", 0), ("sum", 1), ("sum", 2)]


async def test_a_run_that_is_left_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a"
    backend = ScriptedBackend(["\\boxed{5}", "a b c d e f g h"], pace=0.001)
    with TraceWriter(path) as writer:
        recording = session(backend, writer, n=2)
        async with recording.run(SUM) as run:
            async for event in run:
                if event.type == "trace_finished":
                    break
        assert recording.missing(SUM) == (1,)
    assert numbers(path) == [("sum", 0)]

    await record(backend, path, n=2)
    assert numbers(path) == [("sum", 0), ("sum", 1)]


async def test_numbers_of_closed_traces_are_passed_over(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "a") as writer:
        for number, finish in ((0, "stop"), (1, "pruned"), (5, "length")):
            writer.write(trace(number, model="scripted", finish=finish, sampling={}))
        recording = session(
            ScriptedBackend(["x"]), writer, n=4, sampling=Sampling(temperature=None)
        )

        assert recording.missing(SUM) == (2, 3)
        assert recording.missing(Problem(question="another")) == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampling": Sampling(temperature=0.1)}, "temperature of problem 'sum' was 0.8 and is"),
        ({"sampling": Sampling(max_tokens=9)}, "max_tokens of problem 'sum' was None and is now 9"),
        ({"instruction": "Guess."}, "instruction of problem 'sum' was 'Reason step"),
    ],
)
async def test_traces_sampled_otherwise_do_not_mix(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    backend = ScriptedBackend(["\\boxed{5}"])
    await record(backend, tmp_path / "a", answers="math")

    with pytest.raises(ConfigurationError, match=message):
        await record(backend, tmp_path / "a", n=4, answers="math", **options)


async def test_another_question_of_the_same_name_does_not_mix(tmp_path: Path) -> None:
    backend = ScriptedBackend(["\\boxed{5}"])
    await record(backend, tmp_path / "a")

    with TraceWriter(tmp_path / "a") as writer, pytest.raises(ConfigurationError, match="question"):
        session(backend, writer).missing(Problem(problem="sum", question="What is 3 + 3?"))


async def test_a_backend_that_fails_everywhere_raises(tmp_path: Path) -> None:
    scripts = [Script("x", error=UnavailableError("gone"))]

    with pytest.raises(AllTracesFailedError, match="gone"):
        await record(
            ScriptedBackend(scripts), tmp_path / "a", requests=Requests(retries=Retries(attempts=1))
        )


async def test_streams_at_once_are_limited(tmp_path: Path) -> None:
    backend = ScriptedBackend(["a b c d"], concurrency=8)

    await record(backend, tmp_path / "a", n=6, requests=Requests(concurrency=2))

    assert backend.most_open == 2
    assert len(read(tmp_path / "a")) == 6


def test_n_below_1_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="n=0: give a whole number, 1 or more"):
        session(ScriptedBackend(["x"]), TraceWriter(tmp_path / "a"), n=0)


# --- problems -------------------------------------------------------------------------------------


def test_problems_are_read(tmp_path: Path) -> None:
    lines = [
        {"question": "a", "problem": 3, "gold": 5, "source": "ignored"},
        "",
        {"question": "b"},
    ]
    for name in ("p.jsonl", "p.jsonl.gz"):
        first, second = read_problems(save(tmp_path / name, lines))

        assert (first.name, first.gold) == ("3", "5")
        assert (second.name, second.gold) == (problem_name("b"), None)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["{"], r"p:1: not JSON"),
        ([{"problem": "a"}], "p:1: Problem needs question; give {"),
        ([{"question": ""}], r"p:1: Problem\(question=''\)"),
        ([{"question": "a"}, [1]], "p:2: "),
        ([{"question": "a"}, {"question": "a"}], "p:2: problem: 'q-.*' is there already"),
        ([], "p is empty; give one {"),
    ],
)
def test_what_is_no_problem_is_named(lines: Sequence[object], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_problems(save(tmp_path / "p", lines))


def test_a_file_of_problems_that_cannot_be_read_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file or directory; give a file"):
        read_problems(tmp_path / "nowhere")
    torn = save(tmp_path / "p.gz", [{"question": "a"}])
    torn.write_bytes(torn.read_bytes()[:-3])
    with pytest.raises(ConfigurationError, match="the gzip data ends early; give a whole file"):
        read_problems(torn)


async def test_a_recording_that_is_none_is_refused_before_anything_is_sampled(
    tmp_path: Path,
) -> None:
    path = save(tmp_path / "p.jsonl", [{"question": "a"}])

    with pytest.raises(RecordingError, match=r"p.jsonl:1: schema: missing"):
        await record(ScriptedBackend(["x"]), path)
