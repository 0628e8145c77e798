"""A live run's log: told the same again, an engine answers the same."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from support.live import AwkwardJudge, StepBackend, StuckJudge
from support.recordings import record, save

from deepprune_sdk import (
    Checkpoints,
    Composed,
    ConfigurationError,
    DeepPrune,
    FullSampling,
    FunctionAnswers,
    ParallelReasoner,
    Requests,
    Result,
    Retries,
    SettledVote,
    UnavailableError,
)
from deepprune_sdk.data import Chunk, Verdict
from deepprune_sdk.engine.summary import summarize
from deepprune_sdk.errors import RecordingError
from deepprune_sdk.policies import Policy, PolicyState
from deepprune_sdk.policies.base import RunSetup
from deepprune_sdk.recording.run_log import verify_run_log
from deepprune_sdk.testing import Script, ScriptedBackend, ScriptedJudge

pytestmark = pytest.mark.anyio

FIVE, SIX = "\\boxed{5}", "\\boxed{6}"
AT_2 = DeepPrune(checkpoints=Checkpoints.tokens(2))
BOTH = Composed(DeepPrune(checkpoints=Checkpoints.tokens(2, 5)), SettledVote(order="start"))
TEXTS = [
    Script("so so it is clear that " + FIVE),
    Script("I do not know", finish="length", usage=False),
    Script("but wait " * 9 + SIX, reasoning=7),
    Script("w w w w", error=UnavailableError("gone"), error_at=3),
    Script("w w " + FIVE, error=UnavailableError("gone"), refusals=9),
]


async def logged(path: Path, parallel: ParallelReasoner, n: int = 8) -> Result:
    result = await parallel.solve("2 + 3?", n=n, run_log=path)
    # The judge's tokens, the model and the seconds are the shell's; the rest is the engine's.
    again = summarize(verify_run_log(path))
    assert again == result.model_copy(
        update={
            "judge": again.judge,
            "usage": again.usage,
            "warnings": again.warnings,
            "model": again.model,
            "seconds": again.seconds,
        }
    )
    assert again.usage.generated == result.usage.generated
    return result


@pytest.mark.parametrize("shadow", [False, True])
@pytest.mark.parametrize("policy", [FullSampling(), AT_2, DeepPrune.paper(), BOTH])
async def test_a_live_run_can_be_verified(tmp_path: Path, policy: Policy, shadow: bool) -> None:
    backend = ScriptedBackend(TEXTS, chunk=2, concurrency=5, continues_prefix=True)
    judge = ScriptedJudge(lambda pair: 0.9 if pair.left.text == pair.right.text else 0.1)
    parallel = ParallelReasoner(
        backend,
        judge=judge,
        policy=policy,
        shadow=shadow,
        requests=Requests(retries=Retries(initial=1e-3)),
    )
    result = await logged(tmp_path / "run.jsonl", parallel)
    assert result.answer is not None


@pytest.mark.parametrize(
    "judge",
    [
        AwkwardJudge(RuntimeError("no GPU")),
        AwkwardJudge([]),
        AwkwardJudge([Verdict(probability=None)]),
        StuckJudge(),
    ],
    ids=["fails", "malformed", "unscored", "stuck"],
)
async def test_a_run_whose_judge_fails_can_be_verified(
    tmp_path: Path, judge: AwkwardJudge | StuckJudge
) -> None:
    backend = ScriptedBackend([f"w w w w {FIVE}", f"w w w w {SIX}"])
    parallel = ParallelReasoner(backend, judge=judge, policy=AT_2)
    result = await logged(tmp_path / "run.jsonl", parallel, n=2)
    assert result.judge.scored == 0


async def test_a_run_that_was_stopped_can_be_verified(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    parallel = ParallelReasoner(ScriptedBackend(["w " * 99 + FIVE]), policy=AT_2)
    async with parallel.run("?", n=3, run_log=path) as run:
        async for event in run:
            if event.type == "trace_progress":
                run.stop("enough")
    assert verify_run_log(path).ended_because == "enough"


async def test_a_run_that_was_left_has_a_log_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    parallel = ParallelReasoner(ScriptedBackend(["w " * 99 + FIVE]), policy=AT_2)
    async with parallel.run("?", n=3, run_log=path) as run:
        await anext(run)
    assert verify_run_log(path).ended_because == "cancelled"


async def test_half_a_character_can_be_logged(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    backend = StepBackend(["\u2028 é", Chunk(pieces=("\ud83d", "\ude00")), FIVE])
    result = await ParallelReasoner(backend, policy=AT_2).solve("?", n=1, run_log=path)
    assert verify_run_log(path).roster.traces[0].text == result.traces[0].text


async def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    backend = ScriptedBackend([FIVE])
    parallel = ParallelReasoner(backend)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "notes").write_text("my notes")
    for name, why in (
        ("none/run.jsonl", "No such file or directory; give a file"),
        (".", "Is a directory; give a file"),
        ("fifo", "not a regular file; give a file"),
        ("notes", "is there and is not a deepprune-run/1 log"),
    ):
        with pytest.raises(ConfigurationError, match=why):
            await parallel.solve("?", n=1, run_log=tmp_path / name)
    assert backend.requests == []
    assert (tmp_path / "notes").read_text() == "my notes"


async def test_a_log_is_one_runs_and_not_its_recording(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    parallel = ParallelReasoner(ScriptedBackend([FIVE]))
    async with parallel.run("?", n=1, run_log=path) as run:
        with pytest.raises(ConfigurationError, match="is being written by another run"):
            await parallel.solve("?", n=1, run_log=path)
        await run.wait()
    verify_run_log(path)
    await parallel.solve("?", n=1, run_log=path)

    with pytest.raises(ConfigurationError, match="being written by another"):
        await parallel.replace(record=tmp_path / "a").solve("?", n=1, run_log=tmp_path / "a")


async def test_a_log_may_go_nowhere() -> None:
    result = await ParallelReasoner(ScriptedBackend([FIVE])).solve("?", n=1, run_log="/dev/null")
    assert result.answer == "5"


class Mine:
    """A policy of a user's own."""

    name = "mine"

    def begin(self, setup: RunSetup) -> PolicyState:
        del setup
        return PolicyState()


async def test_a_policy_and_answers_of_ones_own_have_to_be_given_again(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    answers = FunctionAnswers(lambda text: text[-1:])
    parallel = ParallelReasoner(ScriptedBackend(["w x", "w y"]), policy=Mine(), answers=answers)
    result = await parallel.solve("?", n=2, run_log=path)
    assert result.tally.keys() == {"x", "y"}
    with pytest.raises(ConfigurationError, match="policy 'mine' is none of the SDK's"):
        verify_run_log(path)
    engine = verify_run_log(path, policy=Mine(), answers=answers)
    assert engine.roster.tally().entries.keys() == {"x", "y"}


async def test_settings_survive_the_header(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    policy = Composed(
        DeepPrune(checkpoints=Checkpoints.steps(3, words=("ergo",)), tau=0.75, keep=2),
        SettledVote(confidence=0.95, count_imputed=True),
    )
    parallel = ParallelReasoner(
        ScriptedBackend([FIVE]), policy=policy, requests=Requests(concurrency=1)
    )
    await parallel.solve("2 + 3?", n=2, run_log=path)
    header = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert header["schema"] == "deepprune-run/1"
    assert header["setup"]["question"] == "2 + 3?"
    assert header["setup"]["concurrency"] == 1
    assert header["policy"]["name"] == "composed"
    assert header["policy"]["policies"][0]["checkpoints"]["words"] == ["ergo"]
    assert header["policy"]["policies"][1]["confidence"] == 0.95


# --- tampering ------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of one trace of two tokens: header, start, four chunks and the end."""
    path = tmp_path / "run.jsonl"

    async def write() -> None:
        backend = ScriptedBackend([f"w w {FIVE}"])
        judge = ScriptedJudge(lambda pair: 0.9)
        await ParallelReasoner(backend, judge=judge, policy=AT_2).solve("?", n=1, run_log=path)

    anyio.run(write)
    return path


def edit(path: Path, line: int, where: Sequence[str | int], value: object) -> None:
    """Set a value of a record; GONE takes it out."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    record = part = json.loads(lines[line - 1])
    for key in where[:-1]:
        part = part[key]
    if value is GONE:
        del part[where[-1]]
    else:
        part[where[-1]] = value
    lines[line - 1] = json.dumps(record) + "\n"
    path.write_text("".join(lines), encoding="utf-8")


GONE = object()
UNKNOWN_PAIR = {
    "type": "judged",
    "pair": {"checkpoint": 9, "left": 0, "right": 0},
    "verdict": {"probability": 0.5},
}


@pytest.mark.parametrize(
    ("line", "where", "value", "message"),
    [
        (2, ["actions", 0], GONE, r":2: the engine answers"),
        (2, ["actions", 0, "trace"], 1, r":2: the engine answers"),
        (3, ["signal", "trace"], 7, r":3: no such trace or pair"),
        (3, ["signal", "type"], "arived", r":3: not a record"),
        (3, ["actions"], GONE, r":3: not a record"),
        (4, ["actions"], [], r":4: the engine answers"),
        (4, ["signal"], UNKNOWN_PAIR, r":4: no such trace or pair"),
        (1, ["schema"], "deepprune-run/0", r":1: schema 'deepprune-run/0', not 'deepprune-run/1'"),
        (1, ["setup"], GONE, r":1: not the header"),
        (1, ["setup", "n"], GONE, r":1: not the header"),
        (1, ["policy", "name"], "magic", r"policy 'magic' is none of"),
    ],
)
def test_a_changed_log_is_told_with_its_line(
    log: Path, line: int, where: list[str | int], value: object, message: str
) -> None:
    verify_run_log(log)
    edit(log, line, where, value)
    with pytest.raises((RecordingError, ConfigurationError), match=message):
        verify_run_log(log)


@pytest.mark.parametrize("text", ["", "\n", "[]\n", "not JSON\n", '{"schema": 1}\n'])
def test_what_is_no_log_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecordingError, match=r"run\.jsonl:1: "):
        verify_run_log(path)


@pytest.mark.parametrize("text", ["null\n", "{\n", "3\n"])
def test_a_line_that_is_no_record_is_told(log: Path, text: str) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(text)
    with pytest.raises(RecordingError, match="not a record of a run log"):
        verify_run_log(log)


async def test_a_log_of_a_policy_of_ones_own_is_verified_with_the_guards_of_the_run(
    tmp_path: Path,
) -> None:
    class Own:
        name = "own"

        def begin(self, setup: RunSetup) -> PolicyState:
            return FullSampling().begin(setup)

    path = tmp_path / "run.jsonl"
    backend = ScriptedBackend(["the same line again\n" * 400, FIVE])
    result = await ParallelReasoner(backend, policy=Own()).solve("?", n=2, run_log=path)
    assert "degenerate" in {trace.reason for trace in result.traces}
    assert verify_run_log(path, policy=Own()).ended_because == "complete"


async def test_a_run_log_replaces_no_other_file(tmp_path: Path) -> None:
    recording = save(tmp_path / "traces.jsonl", [record()])
    before = recording.read_bytes()
    reasoner = ParallelReasoner(ScriptedBackend([FIVE]))
    with pytest.raises(ConfigurationError, match="is not a deepprune-run/1 log"):
        await reasoner.solve("?", n=1, run_log=recording)
    assert recording.read_bytes() == before
    log = tmp_path / "run.jsonl"
    await reasoner.solve("?", n=1, run_log=log)
    await reasoner.solve("?", n=2, run_log=log)  # an older log it replaces
    assert verify_run_log(log).setup.n == 2


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"\xff\xfe\n",
        b'{"schema":"deepprune-run/1","setup":' + b"[" * 100_000 + b"\n",
        b'{"schema":"deepprune-run/1","setup":{"n":1000000000,"seed":0,"question":"q"},'
        b'"policy":{"name":"cons"},"shadow":false}\n',
    ],
)
def test_a_hostile_log_is_no_run_log(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match="not the header"):
        verify_run_log(path)


async def test_so_many_traces_are_refused_before_any_starts() -> None:
    backend = ScriptedBackend([FIVE])
    for n in (100_001, 10**9, 10**30):
        with pytest.raises(ConfigurationError, match=r"at most 100000 traces|a smaller number"):
            await ParallelReasoner(backend).solve("?", n=n)
    assert backend.requests == []
