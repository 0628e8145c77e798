"""ProbeJudge: the generating model's answer so far, by a short forced continuation."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import anyio
import pytest
from support.labels import FINISHED_ONLY, LABEL_PROBE, LABELS, UNASKED, Bare
from support.pairs import pair, prefix

from deepprune_adapters.judges import ProbeJudge
from deepprune_sdk import Answers, ParallelReasoner
from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import NO_USAGE, Chunk, TraceRequest, Usage
from deepprune_sdk.errors import ConfigurationError, JudgeError, UnavailableError
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.testing import ScriptedBackend, check_judge

pytestmark = pytest.mark.anyio

PROBE = Answers().probe


class Asked:
    """A backend that finishes the box by a function of the text before it."""

    model = "asked"
    concurrency = None
    continues_prefix = True

    def __init__(
        self, answer: Callable[[str], str], *, usage: bool = True, says: str = PROBE
    ) -> None:
        self._answer = answer
        self._says = says
        self._usage = usage
        self.requests: list[TraceRequest] = []
        self.open = self.most = 0

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        self.requests.append(request)
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            async with aclosing(self._chunks(request)) as chunks:
                yield chunks
        finally:
            self.open -= 1

    async def _chunks(self, request: TraceRequest) -> AsyncGenerator[Chunk]:
        await anyio.sleep(0.001)
        said = self._answer(request.prefix.removesuffix(self._says))
        yield Chunk(pieces=tuple(said))
        usage = Usage(prompt=50, generated=len(said)) if self._usage else None
        yield Chunk(finish="stop", usage=usage)


def last_word(text: str) -> str:
    return (text.split() or ["?"])[-1] + "}$."


async def test_the_same_answer_and_another_one() -> None:
    backend = Asked(last_word)
    judge = ProbeJudge(backend, p_same=0.8, p_different=0.2)

    same, different = await judge.compare([pair("so 36", "is 36.0"), pair("so 36", "is 4")])

    assert (same.probability, different.probability) == (0.8, 0.2)
    assert len(backend.requests) == 3
    assert {r.prefix for r in backend.requests} == {
        f"{t}{PROBE}" for t in ("so 36", "is 36.0", "is 4")
    }
    request = backend.requests[0]
    assert request.sampling.temperature == 0.0
    assert request.sampling.max_tokens == 12
    assert [(m.role, m.content) for m in request.messages] == [("user", pair().question)]


async def test_a_prefix_is_probed_and_paid_once() -> None:
    backend = Asked(last_word)
    judge = ProbeJudge(backend)

    first = await judge.compare([pair("so 36", "is 36"), pair("so 36", "is 4")])
    second = await judge.compare([pair("so 36", "is 4")])

    # 50 prompt tokens and the text of an answer a probe; "36}$." has five tokens here.
    assert first[0].usage == Usage(prompt=100, generated=10)
    assert first[1].usage == Usage(prompt=50, generated=4)
    assert second[0].usage == NO_USAGE


async def test_two_batches_at_once_probe_once() -> None:
    backend = Asked(last_word)
    judge = ProbeJudge(backend)

    async with anyio.create_task_group() as group:
        group.start_soon(judge.compare, [pair("a 1", "b 1")])
        group.start_soon(judge.compare, [pair("a 1", "c 1")])

    assert len(backend.requests) == 3


async def test_no_answer_is_unscored_and_costs_its_tokens() -> None:
    backend = Asked(lambda text: "a long story without an", usage=False)

    (verdict,) = await ProbeJudge(backend).compare([pair()])

    assert verdict.probability is None
    assert verdict.usage.estimated
    assert verdict.usage.generated > 12


async def test_a_finished_trace_is_read_and_not_asked() -> None:
    backend = Asked(last_word)
    finished = prefix("It is 12 * 3 = 36, so \\boxed{36}.", finished=True)
    mixed = Pair(question="?", left=finished, right=prefix("so 36", 1))

    (verdict,) = await ProbeJudge(backend, p_same=0.7).compare([mixed])

    assert verdict.probability == 0.7
    assert len(backend.requests) == 1


async def test_the_system_prompt_of_the_traces_can_be_given() -> None:
    backend = Asked(last_word)

    await ProbeJudge(backend, system="Be brief.").compare([pair()])

    assert backend.requests[0].messages[0].content == "Be brief."


async def test_an_extractor_of_ones_own_says_how_it_is_asked() -> None:
    backend = Asked(lambda text: text.split()[-1] + " it is", says=LABEL_PROBE)
    judge = ProbeJudge(backend, answers=LABELS, p_same=0.8, p_different=0.2)
    finished = prefix("\\boxed{9} LABEL: cat", 1, finished=True)
    mixed = Pair(question="?", left=prefix("a dog"), right=finished)

    same, different, other = await judge.compare(
        [pair("a cat", "one cat"), pair("a cat", "a dog"), mixed]
    )

    assert [v.probability for v in (same, different, other)] == [0.8, 0.2, 0.2]
    assert {request.prefix for request in backend.requests} == {
        f"{text}{LABEL_PROBE}" for text in ("a cat", "one cat", "a dog")
    }


async def test_in_a_run_it_reads_as_the_run_does_and_asks_nothing_twice() -> None:
    backend = Asked(lambda text: "cat it is", says=LABEL_PROBE)
    judge = ProbeJudge(backend, p_same=0.8)
    mine, again = judge.with_answers(LABELS), judge.with_answers(LABELS)

    (verdict,) = await mine.compare([pair("a 1", "b 1")])
    (known,) = await again.compare([pair("a 1", "b 1")])

    assert (verdict.probability, known.probability) == (0.8, 0.8)
    assert len(backend.requests) == 2
    assert (verdict.usage.generated, known.usage) == (18, NO_USAGE)


async def test_its_own_extractor_comes_before_the_runs() -> None:
    backend = Asked(lambda text: "cat it is", says=LABEL_PROBE)
    judge = ProbeJudge(backend, answers=LABELS)

    assert judge.with_answers(Answers()) is judge
    assert judge.with_answers(FINISHED_ONLY) is judge


@pytest.mark.parametrize("answers", [FINISHED_ONLY, UNASKED, Bare()])
async def test_an_extractor_that_cannot_be_asked_is_refused(answers: AnswerExtractor) -> None:
    backend = Asked(last_word)
    says = rf"^ProbeJudge .* {type(answers).__name__} .* give answers="
    with pytest.raises(ConfigurationError, match=says):
        ProbeJudge(backend, answers=answers)
    parallel = ParallelReasoner(backend, judge=ProbeJudge(backend), answers=answers)
    with pytest.raises(ConfigurationError, match=says):
        await parallel.solve("?", n=1)
    assert backend.requests == []


async def test_it_keeps_the_contract() -> None:
    backend = Asked(last_word)

    await check_judge(ProbeJudge(backend, concurrency=2))

    assert backend.most == 2


async def test_a_probe_that_fails_leaves_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def answer(text: str) -> str:
        if "bad" in text:
            raise UnavailableError("gone")
        return last_word(text)

    judge = ProbeJudge(Asked(answer))
    verdicts = await judge.compare([pair("a 1", "b 1"), pair("a 1", "bad 1")])

    assert [verdict.probability is None for verdict in verdicts] == [False, True]
    assert "1 probes failed: UnavailableError" in caplog.text
    with pytest.raises(JudgeError, match="judge probe: gone"):
        await judge.compare([pair("bad 1", "bad 2")])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"p_same": 1.5}, "p_same"),
        ({"p_different": -1.0}, "p_different"),
        ({"concurrency": 0}, "1"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, float], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        ProbeJudge(Asked(last_word), **settings)  # pyright: ignore[reportArgumentType]


def test_a_backend_that_cannot_continue_a_text() -> None:
    with pytest.raises(ConfigurationError, match="cannot continue a text"):
        ProbeJudge(ScriptedBackend(["text"]))
