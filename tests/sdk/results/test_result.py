"""A result: what it knows of its run, what it prints, how it is saved and read again."""

import json
import os
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.live import StepBackend, never

from deepprune_sdk import Checkpoints, DeepPrune, ParallelReasoner, Price, Result, Sampling
from deepprune_sdk.results import (
    JudgeReport,
    RunUsage,
    SavedReport,
    ShadowReport,
    TallyReport,
    TraceReport,
)
from deepprune_sdk.testing import Script, ScriptedBackend, ScriptedJudge

FIVE = "\\boxed{5}"
AT_2 = DeepPrune(checkpoints=Checkpoints.tokens(2))
NAMES = ["answer", "agreement", "method", "model", "n", "seed", "seconds", "tokens", "saved"]

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
count = st.integers(0, 10**9)
share = st.floats(0, 1)
traces = st.lists(
    st.builds(
        TraceReport,
        trace=count,
        outcome=st.sampled_from(["finished", "answered", "pruned", "stopped", "failed", "live"]),
        finish=st.sampled_from(["stop", "length", "cut", None]),
        reason=text,
        into=st.none() | count,
        answer=st.none() | text,
        imputed=st.booleans(),
        weight=share,
        tokens=count,
        compared_at=st.lists(count, max_size=3),
        text=text,
    ),
    max_size=4,
)
results = st.builds(
    Result,
    answer=st.none() | text,
    answers=text,
    tally=st.dictionaries(text, st.builds(TallyReport, observed=share, imputed=share), max_size=3),
    method=text,
    policy=st.dictionaries(text, st.none() | count | text | st.lists(share, max_size=2)),
    model=text,
    n=count,
    seed=st.none() | count,
    seconds=st.none() | st.floats(0, 1e6),
    agreement=share,
    posterior=share,
    ended_because=text,
    usage=st.builds(RunUsage, generated=count, prompt=count, cost=st.none() | share),
    traces=traces,
    clusters=st.dictionaries(count, st.lists(count, max_size=3), max_size=3),
    judge=st.builds(JudgeReport, name=text, asked=count),
    saved=st.none()
    | st.builds(
        SavedReport,
        tokens=count, share=share, mean=share, finished=count, closed=count, never_started=count,
    ),
    shadow=st.none()
    | st.builds(
        ShadowReport,
        answer=st.none() | text, answer_differs=st.booleans(), ended_because=text,
        generated=count, saved=count, closings=count, right=count, wrong=count,
    ),
    warnings=st.lists(text, max_size=3),
)  # fmt: skip


@given(results)
def test_what_was_written_is_read_again(result: Result) -> None:
    assert Result.from_json(result.to_json()) == result


@given(results)
def test_print_is_ten_lines_without_anything_long(result: Result) -> None:
    lines = str(result).splitlines()
    assert [line.split()[0] for line in lines] == [*NAMES, "warnings"]
    assert max(map(len, lines)) < 400
    assert len(repr(result).splitlines()) == 1


def test_a_file_has_the_whole_result_or_what_it_had(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    first = Result(
        answer="5", tally={}, agreement=1, ended_because="complete", usage=RunUsage(), traces=[]
    )
    first.save(path)
    assert Result.load(path) == Result.load(str(path)) == first
    unwritable = first.model_copy(update={"seconds": float("nan")})
    with pytest.raises(ValueError, match="Out of range float"):
        unwritable.save(path)
    assert Result.load(path) == first
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a saved result: not JSON"),
        ("{", "not a saved result: not JSON"),
        ("[" * 100_000, "not a saved result: not JSON"),
        ("[]", "not a saved result: not a JSON object"),
        ("{}", "not a saved result: its schema is not 'deepprune-result/1'"),
        ('{"schema": "deepprune-trace/1"}', "not a saved result: its schema is not"),
        ('{"schema": "deepprune-result/1"}', "a broken result: answer: Field required"),
        (b"\xff\xfe\xfd", "not a saved result: not JSON"),
    ],
)
def test_another_file_is_one_error(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ValueError, match=r"other\.json") as caught:
        Result.load(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.anyio
async def test_a_result_knows_its_run() -> None:
    backend = ScriptedBackend([f"w w {FIVE}"])
    parallel = ParallelReasoner(
        backend, policy="esc:window=2", sampling=Sampling(seed=7), price=Price(input=1, output=2)
    )
    result = await parallel.solve("?", n=6)
    assert (result.model, result.method, result.n, result.seed) == ("scripted", "esc", 6, 7)
    assert result.seconds is not None
    parts = cast("list[dict[str, Any]]", result.policy["policies"])
    assert parts[0] == {"name": "esc", "window": 2}
    assert result.saved == SavedReport(
        tokens=12, share=12 / 18, mean=3, finished=2, closed=0, never_started=4
    )
    assert "about 12 tokens (67%): 0 closed and 4 never started, at the mean of 2" in str(result)


@pytest.mark.anyio
async def test_what_closed_traces_saved_is_the_rest_of_a_mean_trace() -> None:
    first, go_on = anyio.Event(), anyio.Event()
    backend = StepBackend(
        ["w", "w", first.set, go_on, "w", "w", "w", "w", "w", FIVE], [first, "w", "w", never()]
    )
    parallel = ParallelReasoner(backend, judge=ScriptedJudge(lambda pair: 0.9), policy=AT_2)
    async with parallel.run("?", n=2) as run:
        await backend.closed[1].wait()
        go_on.set()
        result = await run.wait()
    assert result.saved is not None
    assert (result.saved.closed, result.saved.mean) == (1, 8)
    assert result.saved.tokens == 8 - 2
    assert run.snapshot().seconds == result.seconds  # the clock stops with the run


@pytest.mark.anyio
async def test_shadow_mode_has_the_exact_figure_and_no_estimate() -> None:
    backend = ScriptedBackend([f"w w w w {FIVE}"])
    parallel = ParallelReasoner(backend, policy="esc:window=2", shadow=True)
    result = await parallel.solve("?", n=4)
    assert result.saved is None
    assert result.shadow is not None
    assert f"{result.shadow.saved:,} tokens (50%) in shadow mode, with the same" in str(result)


@pytest.mark.anyio
async def test_without_a_finished_trace_nothing_is_estimated() -> None:
    backend = ScriptedBackend([Script("w w w", finish="cut")])
    async with ParallelReasoner(backend).run("?", n=2) as run:
        assert run.snapshot().saved is None
        assert "saved      not known" in str(run.snapshot())


def test_texts_are_saved_and_not_printed() -> None:
    trace = TraceReport(trace=0, outcome="finished", text="a long story", answer="\x1b[31m5\n")
    result = Result(
        answer=trace.answer,
        tally={},
        agreement=1,
        ended_because="complete",
        usage=RunUsage(),
        traces=[trace],
    )
    assert "long story" not in str(result) + repr(result)
    assert "\x1b" not in str(result) + repr(result)
    assert "long story" in json.loads(result.to_json())["traces"][0]["text"]


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    real, link, pipe = tmp_path / "real.json", tmp_path / "link.json", tmp_path / "pipe"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    os.mkfifo(pipe)
    result = ParallelReasoner(ScriptedBackend(["\\boxed{5}"])).solve_sync("?", n=2)
    result.save(link)
    assert link.is_symlink()
    assert Result.load(real) == result
    assert real.stat().st_mode & 0o777 == 0o640
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        result.save(pipe)
        assert Result.from_json(os.read(reader, 1 << 20).decode()) == result
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.json", "pipe", "real.json"]
