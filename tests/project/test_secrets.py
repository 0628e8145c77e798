"""A key is in memory alone, and what people ask and are told is in no log above DEBUG."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.simulator import fixtures
from support.simulator.replies import Reply, Say, chunk, error, event, refusal
from support.simulator.server import Script, Simulator, replay

from deepprune_adapters.openai import OpenAIBackend
from deepprune_sdk import (
    AllTracesFailedError,
    BackendError,
    FullSampling,
    ParallelReasoner,
    Requests,
    Retries,
    Sampling,
)
from deepprune_sdk.results.picture import run_picture

running, server = fixtures.running, fixtures.server

pytestmark = pytest.mark.anyio

KEY = "sk-canary-0123456789abcdef"
PASSWORD = "hunter2canary"
ASKED = "What is the colour of the private canary question?"
SAID = " the private canary answer is \\boxed{41}"


def quoting(status: int) -> Script:
    """A server that quotes the key and the prompt in its errors, as some do."""
    said = error(f"key {KEY} at joe:{PASSWORD}: {ASKED}", code=status)
    return lambda call: refusal(status, said)


def quoting_in_stream(call: object) -> Reply:
    del call
    return Reply(steps=[Say(event(error(f"Bearer {KEY} joe:{PASSWORD} {ASKED}", code=500)))])


def speaking(call: Any) -> Reply:
    parts = [Say(event(chunk({"content": SAID})), 9)]
    if call.seed == 1:
        return Reply(steps=[*parts, Say(f"data: {{{SAID}\n\n".encode())])
    return Reply(steps=[*parts, Say(event(chunk(finish_reason="stop")))])


@pytest.mark.parametrize(
    "script",
    [
        replay,
        *[lambda status=status: quoting(status) for status in (400, 401, 403, 404, 429, 500)],
        lambda: quoting_in_stream,
        lambda: speaking,
    ],
)
async def test_a_key_is_in_nothing_that_is_written(
    server: Simulator,
    script: Callable[[], Script],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    server.reset(script())
    backend = OpenAIBackend(
        "m", base_url=server.url.replace("://", f"://joe:{PASSWORD}@"), api_key=KEY
    )
    reasoner = ParallelReasoner(
        backend,
        policy=FullSampling(),
        sampling=Sampling(seed=0),
        requests=Requests(retries=Retries(attempts=2, initial=0.01)),
        record=tmp_path / "traces.jsonl",
    )
    shown: list[object] = [backend, backend.base_url, backend.capabilities, reasoner.__dict__]
    run = reasoner.run(ASKED, n=2, run_log=tmp_path / "run.jsonl")
    try:
        async with run:
            shown += [event async for event in run]
    except Exception as raised:
        failure: BaseException | None = raised
        while failure is not None:
            shown += [failure, str(failure), traceback.format_exception(failure)]
            failure = failure.__cause__
    result = run.snapshot()
    shown += [result, result.model_dump_json(), run_picture(result), pickle.dumps(result)]
    assert server.calls
    written = [(tmp_path / name).read_text() for name in ("run.jsonl", "traces.jsonl")]
    everything = "\n".join([*map(repr, shown), *written, caplog.text, *capfd.readouterr()])
    assert len(everything) > 500
    for secret in (KEY, PASSWORD):
        at = everything.find(secret)
        assert at < 0, everything[max(0, at - 200) : at]


@pytest.mark.parametrize(
    "script", [lambda: speaking, lambda: quoting(400), lambda: quoting(500), lambda: quoting(429)]
)
async def test_no_prompt_and_no_answer_is_in_the_log_above_debug(
    server: Simulator, script: Callable[[], Script], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.reset(script())
    reasoner = ParallelReasoner(
        OpenAIBackend("m", base_url=server.url),
        policy=FullSampling(),
        sampling=Sampling(seed=0),
        requests=Requests(retries=Retries(attempts=2, initial=0.01)),
    )
    run = reasoner.run(ASKED, n=2, watched=False)
    try:
        async with run:
            await run.wait()
    except (BackendError, AllTracesFailedError):
        pass
    records = [record for record in caplog.records if record.levelno > logging.DEBUG]
    assert records
    for record in records:
        assert "canary" not in record.getMessage()
        assert record.exc_info is None
    ours = [record for record in records if record.name == "deepprune_sdk.live.streams"]
    assert ours
    for record in ours:
        assert record.getMessage().startswith(f"run {run.id} trace ")
        assert record.__dict__["run_id"] == run.id
        assert record.__dict__["trace"] in (0, 1)


def test_a_password_in_an_address_is_not_shown() -> None:
    backend = OpenAIBackend("m", base_url=f"http://joe:{PASSWORD}@server:8000/v1?key={KEY}")
    assert backend.base_url == "http://server:8000/v1"
    assert repr(backend) == "OpenAIBackend('m', base_url='http://server:8000/v1')"
