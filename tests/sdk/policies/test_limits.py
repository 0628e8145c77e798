"""What a run may use up: characters, money, and text that repeats itself."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from support.driving import Driver
from support.live import StepBackend, never

from deepprune_sdk import (
    CloseLoops,
    Composed,
    ConfigurationError,
    FullSampling,
    Limits,
    MoneyBudget,
    ParallelReasoner,
    Price,
    Result,
    RunTimeoutError,
)
from deepprune_sdk.data import Chunk, Usage
from deepprune_sdk.policies.close_loops import loops
from deepprune_sdk.recording.run_log import verify_run_log

pytestmark = pytest.mark.anyio

FIVE = "\\boxed{5}"
PRICE = Price(input=1.0, output=10.0, cached_input=0.1)


def reasoner(backend: StepBackend, **options: Any) -> ParallelReasoner:
    return ParallelReasoner(backend, policy=FullSampling(), **options)


# --- characters ---------------------------------------------------------------------------------


async def test_a_trace_is_cut_at_its_limit_and_its_stream_closed() -> None:
    chunk = Chunk(pieces=("cd", "ef", "gh"), confidences=(1.0, 2.0, 3.0), logprobs=(-1.0,) * 3)
    backend = StepBackend(["ab", chunk, never()])
    async with reasoner(backend, limits=Limits(characters=5)).run("?", n=1) as run:
        result = await run.wait()
    assert result.traces[0].text == "abcde"
    assert result.traces[0].outcome == "finished"
    assert result.traces[0].tokens == 3
    assert backend.open == set()


@pytest.mark.parametrize("limit", [6, None])
async def test_a_trace_within_its_limit_is_left_alone(limit: int | None) -> None:
    backend = StepBackend(["ab", "cd", "ef"])
    result = await reasoner(backend).replace(limits=Limits(characters=limit)).solve("?", n=1)
    assert result.traces[0].text == "abcdef"


async def test_a_cut_trace_gives_only_an_answer_that_it_states() -> None:
    backend = StepBackend(["It is 7 or", " 8"], [FIVE, " or 8"])
    result = await reasoner(backend, limits=Limits(characters=10)).solve("?", n=2)
    assert [trace.answer for trace in result.traces] == [None, "5"]


# --- loops --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wait, " * 500, True),
        ("So it is 4.\nBut no.\nLet me see.\n" * 100, True),
        ("x" * 3000, True),
        ("ab" * 1499, False),
        ("one two three four five six seven " * 88, False),
        ("".join(f"Step {number}: go on.\n" for number in range(300)), False),
        ("a" * 40 + "b" + "a" * 40 + "c", False),
        (("a" * 40 + "b" + "a" * 40 + "c") * 40, True),
        (("a" * 60 + "b") * 50, True),
        ("loop " * 599 + "loop!", False),
    ],
)
def test_what_a_loop_is(text: str, expected: bool) -> None:
    assert loops(text[-3000:], 3000, 4) == expected


def test_a_long_period_is_no_loop() -> None:
    period = "".join(chr(33 + number % 90) + str(number) for number in range(250))
    assert 750 < len(period) < 1500
    assert not loops((period * 4)[-3000:], 3000, 4)
    assert loops((period * 4)[-3000:], 3000, 2)


def test_a_trace_that_loops_is_closed_as_degenerate() -> None:
    driver = Driver(Composed(FullSampling(), CloseLoops(characters=128, every=8)), n=2)
    driver.say(0, ["a b c d e f g h\n"] * 24)
    driver.say(1, [f" w{number}" for number in range(64)])
    assert driver.outcomes() == ["pruned", None]
    assert driver.engine.roster.traces[0].reason == "degenerate"
    driver.end(1, "\\boxed{5}")
    assert driver.result().answer == "5"


def test_the_last_of_a_cluster_is_closed_too() -> None:
    """Nothing that protects a trace helps one from which no answer can come."""
    from deepprune_sdk import Checkpoints, DeepPrune

    policy = Composed(DeepPrune(checkpoints=Checkpoints.tokens(4)), CloseLoops(characters=128))
    driver = Driver(policy, n=2, can_continue=True)
    driver.say(0, ["w"] * 4)
    driver.say(1, ["w"] * 4)
    driver.judge(0.9)
    assert driver.outcomes() == [None, "pruned"]
    driver.say(0, ["again and again\n"] * 252)
    assert driver.outcomes() == ["pruned", None], "its cluster continues with the other"


async def test_loops_are_left_alone_where_that_is_wanted() -> None:
    steps = [Chunk(pieces=("again\n",) * 256)] * 4
    kept = await reasoner(StepBackend(steps), limits=Limits(loops=False)).solve("?", n=1)
    assert kept.traces[0].outcome == "finished"
    closed = await reasoner(StepBackend([*steps, never()])).solve("?", n=1)
    assert (closed.traces[0].outcome, closed.traces[0].reason) == ("pruned", "degenerate")


# --- money --------------------------------------------------------------------------------------


def test_what_tokens_cost() -> None:
    usage = Usage(prompt=1_000_000, cached=400_000, generated=100_000)
    assert PRICE.of(usage) == pytest.approx(0.6 + 0.04 + 1.0)
    assert Price(input=1.0, output=10.0).of(usage) == pytest.approx(2.0)


def spoken(tokens: int, *, prompt: int = 0) -> Chunk:
    usage = Usage(prompt=prompt, generated=tokens) if prompt else None
    return Chunk(pieces=("w ",) * tokens, usage=usage)


async def test_a_result_says_what_its_traces_cost() -> None:
    backend = StepBackend([spoken(10, prompt=1000), FIVE], [spoken(20)])
    result = await reasoner(backend, price=PRICE).solve("?", n=2)
    # The second trace has read the same prompt, though its server did not say so.
    assert result.usage.cost == pytest.approx((2000 * 1.0 + 31 * 10.0) / 1e6)
    assert (await reasoner(StepBackend([FIVE])).solve("?", n=1)).usage.cost is None


@pytest.mark.parametrize("shadow", [False, True])
async def test_a_run_ends_when_its_money_is_gone(shadow: bool) -> None:
    backend = StepBackend(
        [spoken(1, prompt=10), *["w "] * 40, never()], [spoken(1, prompt=10), *["w "] * 40, never()]
    )
    limits = Limits(money=500e-6)
    spending = reasoner(backend, limits=limits, price=PRICE, shadow=shadow)
    result = await spending.solve("?", n=2)
    assert result.ended_because == "money budget"
    assert result.usage.cost is not None
    assert 500e-6 <= result.usage.cost <= 900e-6
    assert backend.open == set()


def test_it_looks_often_enough_that_little_is_spent_beyond() -> None:
    """One token at a time from each trace, the run ends within a token a stream."""
    budget = MoneyBudget(run=1000e-6, price=Price(input=0.0, output=10.0))
    driver = Driver(Composed(FullSampling(), budget), n=3)
    while driver.ended_because is None:
        for trace in sorted(driver.open):
            if driver.ended_because is None:
                driver.say(trace, ["w"])
    assert driver.ended_because == "money budget"
    assert sum(trace.tokens for trace in driver.engine.roster.traces) == 100


def test_where_output_is_free_the_prompts_cost() -> None:
    budget = MoneyBudget(run=25e-6, price=Price(input=1.0, output=0.0))
    driver = Driver(Composed(FullSampling(), budget), n=3)
    for trace in range(2):
        driver.say(trace, ["w"], usage=Usage(prompt=10, generated=1))
    assert driver.ended_because is None
    driver.say(2, ["w"], usage=Usage(prompt=10, generated=1))
    driver.say(2, ["w"] * 300)
    assert driver.ended_because == "money budget"


async def test_money_needs_a_price() -> None:
    with pytest.raises(ConfigurationError, match=r"Limits\(money=2\) needs .* price="):
        reasoner(StepBackend(), limits=Limits(money=2.0))
    with pytest.raises(ConfigurationError, match="price="):
        await reasoner(StepBackend()).replace(limits=Limits(money=2.0)).solve("?", n=1)


async def test_a_log_names_the_limits_as_policies(tmp_path: Any) -> None:
    path = tmp_path / "run.jsonl"
    limits = Limits(money=1.0)
    await reasoner(StepBackend([FIVE]), limits=limits, price=PRICE).solve("?", n=1, run_log=path)
    assert verify_run_log(path).ended_because == "complete"


# --- traces in memory -----------------------------------------------------------------------------


async def test_a_run_waits_until_the_others_leave_room() -> None:
    go_on = anyio.Event()
    backend = StepBackend([go_on, FIVE], [go_on, FIVE])
    bounded = reasoner(backend, limits=Limits(traces=3))
    results: list[Result] = []

    async def solve() -> None:
        results.append(await bounded.solve("?", n=2))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(solve)
        await anyio.wait_all_tasks_blocked()
        assert len(backend.requests) == 2
        go_on.set()
    assert [result.answer for result in results] == ["5"] * 3
    assert len(backend.requests) == 6
    assert backend.most_open == 2


async def test_a_small_run_does_not_overtake_a_large_one() -> None:
    go_on = anyio.Event()
    backend = StepBackend([go_on, FIVE], [FIVE], [FIVE])
    bounded = reasoner(backend, limits=Limits(traces=3))
    order: list[int] = []

    async def solve(n: int) -> None:
        await bounded.solve("?", n=n)
        order.append(n)

    async with anyio.create_task_group() as tasks:
        for n in (2, 3, 1):
            tasks.start_soon(solve, n)
            await anyio.wait_all_tasks_blocked()
        assert len(backend.requests) == 2
        go_on.set()
    assert order == [2, 3, 1]


async def test_a_run_that_is_given_up_leaves_its_room() -> None:
    backend = StepBackend([never()], [FIVE])
    bounded = reasoner(backend, limits=Limits(traces=2))
    for _ in range(3):
        with pytest.raises(RunTimeoutError):
            await bounded.solve("?", n=2, timeout=0.01)
    async with bounded.run("?", n=2) as first:
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(RunTimeoutError) as waiting:
            await bounded.solve("?", n=1, timeout=0.01)
        assert waiting.value.partial is not None
        assert not waiting.value.partial.traces
        first.stop()
    backend.traces[0] = [FIVE]
    assert (await bounded.solve("?", n=2)).answer == "5"


async def test_room_that_can_never_be_is_an_error() -> None:
    bounded = reasoner(StepBackend([FIVE]), limits=Limits(traces=3))
    with pytest.raises(ConfigurationError, match=r"n=4 is more than Limits\(traces=3\)"):
        await bounded.solve("?", n=4)
    with pytest.raises(ConfigurationError, match="shared by all runs"):
        await bounded.replace(limits=Limits(traces=2)).solve("?", n=1)
    assert (await bounded.replace(limits=Limits(characters=100)).solve("?", n=1)).answer == "5"
