"""`ParallelReasoner`: what is asked of a backend, and many prompts at once."""

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
import pytest
from support.broken import BrokenPolicy
from support.live import StepBackend, never

from deepprune_sdk import (
    AllTracesFailedError,
    Answers,
    BatchError,
    Checkpoints,
    ConfigurationError,
    DeepPrune,
    FullSampling,
    JudgingLimits,
    LearnedJudge,
    Limits,
    Message,
    ParallelReasoner,
    ProtocolError,
    RateLimitError,
    Requests,
    Retries,
    Sampling,
    UnanimousWindow,
    method,
)
from deepprune_sdk.data import Chunk, Pair, TraceRequest
from deepprune_sdk.reasoner import Settings
from deepprune_sdk.testing import Script, ScriptedBackend, ScriptedJudge

pytestmark = pytest.mark.anyio

AT_2 = DeepPrune(checkpoints=Checkpoints.tokens(2))
QUICK = Requests(retries=Retries(initial=0.001, maximum=0.01))
FIVE, SIX = "\\boxed{5}", "\\boxed{6}"


def by_trace(backend: ScriptedBackend) -> list[TraceRequest]:
    return sorted(backend.requests, key=lambda request: request.trace)


async def test_the_defaults_prune_and_settle() -> None:
    backend = ScriptedBackend([f"so so {FIVE}"])
    parallel = ParallelReasoner(backend)
    assert isinstance(parallel.judge, LearnedJudge)
    assert repr(parallel.policy) == repr(method("deepprune-settled"))
    result = await parallel.solve("2 + 3?")
    assert len(result.traces) == 5  # 3 unanimous ballots settle it, and half as many again start
    assert result.ended_because == "settled"
    assert result.answer == "5"
    assert result.judge.name == "learned"


async def test_a_chat_reaches_the_backend_and_its_last_question_the_judge() -> None:
    asked: list[Pair] = []

    def probability(pair: Pair) -> float:
        asked.append(pair)
        return 0.9

    first, go_on = anyio.Event(), anyio.Event()
    backend = StepBackend(["w", "w", first.set, go_on, FIVE], [first, "w", "w", never()])
    parallel = ParallelReasoner(backend, judge=ScriptedJudge(probability), policy=AT_2)
    chat = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "2 + 3?"},
    ]
    async with parallel.run(chat, n=2) as run:
        await backend.closed[1].wait()
        go_on.set()
        await run.wait()
    assert [pair.question for pair in asked] == ["2 + 3?"]
    (messages,) = {request.messages for request in backend.requests}
    assert messages == tuple(Message.model_validate(message) for message in chat)


async def test_without_a_user_message_the_last_one_is_the_question() -> None:
    parallel = ParallelReasoner(ScriptedBackend([FIVE]))
    run = parallel.run([{"role": "system", "content": "Say 5."}], n=1)
    async with run:
        assert (await run.wait()).answer == "5"


async def test_seeds_are_distinct_and_reproducible() -> None:
    first, again, other = (ScriptedBackend([FIVE]) for _ in range(3))
    for backend, seed in ((first, 40), (again, 40), (other, None)):
        parallel = ParallelReasoner(backend, policy=FullSampling(), sampling=Sampling(seed=seed))
        await parallel.solve("?", n=3)
    seeds = [request.seed for request in by_trace(first)]
    assert seeds == [40, 41, 42]
    assert [request.seed for request in by_trace(again)] == seeds
    drawn = {request.seed for request in other.requests}
    assert len(drawn) == 3
    assert None not in drawn


async def test_a_seed_is_not_sent_where_the_server_refuses_it() -> None:
    backend = ScriptedBackend([FIVE])
    sampling = Sampling(seed=40, send_seed=False)
    await ParallelReasoner(backend, policy=FullSampling(), sampling=sampling).solve("?", n=2)
    assert {request.seed for request in backend.requests} == {None}


async def test_a_policy_and_a_judge_are_taken_by_their_names() -> None:
    backend = ScriptedBackend([FIVE])
    named = ParallelReasoner(backend, policy="esc:window=2", judge="learned:prior=0.8")
    assert named.policy == UnanimousWindow(window=2)
    assert isinstance(named.judge, LearnedJudge)
    assert (await named.solve("?", n=8)).usage.generated == 2  # one window of two
    assert named.replace(policy="cons").policy == FullSampling()
    with pytest.raises(ConfigurationError, match=r"no method 'esk'.*esc"):
        ParallelReasoner(backend, policy="esk")
    with pytest.raises(ConfigurationError, match=r"no judge 'learnd'.*learned"):
        named.replace(judge="learnd")


async def test_replace_changes_what_it_names_and_nothing_else() -> None:
    backend = ScriptedBackend([f"w w w w w {FIVE} LABEL:cat"])
    parallel = ParallelReasoner(
        backend, policy=FullSampling(), sampling=Sampling(temperature=1.0, max_tokens=100)
    )
    labels = parallel.replace(answers=lambda text: text.rpartition("LABEL:")[2])
    short = labels.replace(sampling=Sampling(max_tokens=3))
    assert (await parallel.solve("?", n=1)).answer == "5"
    assert (await short.solve("?", n=1)).answer is None  # cut off after three tokens
    assert (await labels.solve("?", n=1)).answer == "cat"
    assert [request.sampling.max_tokens for request in backend.requests] == [100, 3, 100]
    careful = parallel.replace(answers=Answers(last_number=False))
    assert (await careful.solve("?", n=1)).answer == "5"


def test_replace_of_a_subclass_is_one_and_the_room_stays_what_it_was() -> None:
    class Mine(ParallelReasoner):
        label = "none"

    mine = Mine(ScriptedBackend([FIVE]), limits=Limits(traces=8))
    mine.label = "mine"
    other = mine.replace(limits=Limits(keep_text=False)).replace(limits=Limits(traces=8))
    assert isinstance(other, Mine)
    assert other.label == "mine"


def test_an_extractor_may_be_callable() -> None:
    class Labels:
        def extract(self, text: str, *, complete: bool) -> str | None:
            return text.rpartition("LABEL:")[2] or None

        def equivalent(self, left: str, right: str) -> bool:
            return left == right

        def __call__(self, text: str) -> str | None:
            raise AssertionError("taken for a function")

    labels = Labels()
    assert ParallelReasoner(ScriptedBackend([FIVE]), answers=labels).answers is labels
    with pytest.raises(ConfigurationError, match="no method ''"):
        ParallelReasoner(ScriptedBackend([FIVE]), policy="")


def test_replace_knows_every_setting_and_refuses_others() -> None:
    names = set(inspect.signature(ParallelReasoner).parameters)
    assert names == set(Settings.__annotations__)
    parallel = ParallelReasoner(ScriptedBackend([FIVE]), shadow=True)
    for name in names - {"policy", "judge", "answers", "sampling", "requests", "limits"}:
        assert getattr(parallel.replace(), name) == getattr(parallel, name)
    with pytest.raises(TypeError, match="temperature"):
        parallel.replace(temperature=0.5)  # type: ignore[call-arg]


async def test_replaced_reasoners_share_the_room_and_what_a_rate_limit_lets_through() -> None:
    server = ScriptedBackend([Script(FIVE, error=RateLimitError("slow"), refusals=1)] * 8)
    parallel = ParallelReasoner(server, policy=FullSampling(), limits=Limits(traces=8))
    other = parallel.replace(shadow=True)
    await parallel.replace(requests=QUICK).solve("?", n=8)
    assert other.throttle is parallel.throttle
    assert parallel.throttle.limit is not None  # narrowed by a run of another reasoner
    assert parallel.replace(backend=ScriptedBackend([FIVE])).throttle.limit is None
    with pytest.raises(ConfigurationError, match=r"Limits\(traces=9\) is shared"):
        parallel.replace(limits=Limits(traces=9))
    with pytest.raises(ConfigurationError, match="n=9"):
        await other.replace(limits=Limits(characters=10)).solve("?", n=9)


async def test_a_judges_limits_can_be_given_for_one_call() -> None:
    gate = anyio.Event()
    backend = StepBackend(["w", "w", gate, FIVE], ["w", "w", gate, FIVE])
    parallel = ParallelReasoner(backend, judge=ScriptedJudge(lambda pair: 0.9), policy=AT_2)
    async with parallel.replace(limits=Limits(judging=JudgingLimits(max_pairs=0))).run(
        "?", n=2
    ) as run:
        async for event in run:
            if event.type == "pair_judged":
                gate.set()
    assert run.result.judge.budget == 1


async def test_a_reasoner_serves_many_prompts_at_once() -> None:
    parallel = ParallelReasoner(ScriptedBackend(["w " * 20 + FIVE]), policy=FullSampling())
    results: list[str | None] = []

    async def one() -> None:
        results.append((await parallel.solve("?", n=3)).answer)

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(one)
    assert results == ["5"] * 5


# --- solve_many -----------------------------------------------------------------------------------


class Sums:
    """Answers each prompt by itself, and counts the prompts under way."""

    model = "sums"
    concurrency = None

    def __init__(self, fails: Sequence[str] = ()) -> None:
        self.fails = fails
        self.under_way: set[str] = set()
        self.most = 0
        self.seen: list[str] = []

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        question = request.messages[-1].content
        self.under_way.add(question)
        self.seen.append(question)
        self.most = max(self.most, len(self.under_way))
        error = ProtocolError(f"no {question}") if question in self.fails else None
        answer = Script(f"w \\boxed{{{question}}}", error=error)
        async with ScriptedBackend([answer]).stream(request) as chunks:
            yield chunks
        self.under_way.discard(question)


async def test_results_come_in_the_order_of_the_prompts() -> None:
    backend = Sums()
    results = await ParallelReasoner(backend).solve_many(["3", "2", "1", "4"], n=1, concurrency=2)
    assert [result.answer for result in results] == ["3", "2", "1", "4"]
    assert backend.most == 2


async def test_a_prompt_that_fails_does_not_stop_the_others() -> None:
    parallel = ParallelReasoner(Sums(fails=["2"]))
    with pytest.raises(BatchError, match="1 of 3 prompts failed; number 1: no 2") as caught:
        await parallel.solve_many(["1", "2", "3"], n=1)
    answers = [result and result.answer for result in caught.value.results]
    assert answers == ["1", None, "3"]
    assert isinstance(caught.value.errors[1], AllTracesFailedError)


async def test_a_wrong_prompt_is_told_before_any_trace_is_started() -> None:
    backend = Sums()
    parallel = ParallelReasoner(backend)
    with pytest.raises(ConfigurationError, match="the prompt is empty"):
        await parallel.solve_many(["1", ""], n=1)
    with pytest.raises(ConfigurationError, match="concurrency=0: give a whole number, 1 or more"):
        await parallel.solve_many(["1"], n=1, concurrency=0)
    assert backend.seen == []


async def test_no_prompts_no_results() -> None:
    assert await ParallelReasoner(Sums()).solve_many([]) == []


async def test_cancelling_many_closes_all_and_starts_no_more() -> None:
    scope = anyio.CancelScope()
    backend = StepBackend(["w", scope.cancel, never()])
    with scope:
        await ParallelReasoner(backend).solve_many(["1", "2", "3"], n=1, concurrency=1)
    assert scope.cancelled_caught
    assert len(backend.requests) == 1
    assert backend.open == set()


async def test_an_error_of_the_users_own_code_ends_the_batch_as_itself() -> None:
    parallel = ParallelReasoner(Sums(), policy=BrokenPolicy())
    with pytest.raises(KeyError):
        await parallel.solve_many(["1", "2"], n=1)
