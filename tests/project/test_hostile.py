"""Hostile text: nothing is slower than linear, nothing is executed, nothing is rendered."""

from __future__ import annotations

import time

import pytest
from support.hostile import READERS, REPEATED
from support.live import StepBackend
from support.simulator.replies import Reply, Say, chunk, event
from support.simulator.server import simulator

from deepprune_adapters.cli.views.text import clean
from deepprune_adapters.openai import OpenAIBackend
from deepprune_sdk import FullSampling, Limits, ParallelReasoner
from deepprune_sdk.results.picture import run_picture

SMALL, LARGE = 20_000, 80_000
WORTH_A_LOOK = 0.3
"""Seconds of CPU time; what takes less for the large text is not slow, whatever it grows by."""


def cpu(reader: str, part: str, size: int) -> float:
    text = part * (size // len(part)) + "!"
    begin = time.process_time()
    READERS[reader](text)
    return time.process_time() - begin


@pytest.mark.soak
@pytest.mark.parametrize("reader", READERS)
def test_no_text_takes_longer_than_its_length(reader: str) -> None:
    """Four times the text may take four times the time; what is quadratic takes sixteen times."""
    for part in REPEATED:
        large = cpu(reader, part, LARGE)
        if large > WORTH_A_LOOK:
            ratio = min(large, cpu(reader, part, LARGE)) / cpu(reader, part, SMALL)
            assert ratio < 9, f"{part!r}: {large:.2f} s"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("part", REPEATED)
def test_hostile_text_breaks_nothing(reader: str, part: str) -> None:
    READERS[reader](part * 200 + "!")


HOSTILE = "\x1b[31m\x1b]0;title\x07\0\u202e<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.mark.anyio
async def test_ten_megabytes_in_one_line_are_cut_and_nothing_is_rendered() -> None:
    line = "x" * 10_000_000
    answer = f" \\boxed{{{HOSTILE}}}"

    def script(call: object) -> Reply:
        del call
        end = [Say(event(chunk(finish_reason="stop"))), Say(b"data: [DONE]\n\n")]
        return Reply(
            steps=[*[Say(event(chunk({"content": text}))) for text in (answer, line)], *end]
        )

    with simulator() as server:
        server.reset(script)
        reasoner = ParallelReasoner(
            OpenAIBackend("m", base_url=server.url),
            policy=FullSampling(),
            limits=Limits(characters=100_000, loops=False),
        )
        result = await reasoner.solve(HOSTILE, n=2)
    assert [len(trace.text) for trace in result.traces] == [100_000] * 2
    page = run_picture(result)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "\x1b" not in page
    assert clean(result.answer or "").isprintable()


@pytest.mark.anyio
async def test_a_hostile_answer_is_counted_as_text() -> None:
    result = await ParallelReasoner(
        StepBackend([f"\\boxed{{{HOSTILE}}}"]), policy=FullSampling()
    ).solve("?", n=1)
    assert result.traces[0].text == f"\\boxed{{{HOSTILE}}}"
