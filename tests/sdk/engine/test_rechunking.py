"""What must not matter: how text is cut, the order of verdicts, whether verdicts are free."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.driving import Driver

from deepprune_sdk import Checkpoints, Composed, DeepPrune, SettledVote
from deepprune_sdk.data.signals import Action, Arrived, Close, Ended, Failed, Placed
from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import Chunk, Usage
from deepprune_sdk.policies import Policy
from deepprune_sdk.results.ending import Finish

PIECES = [" so", " some", " s", "o", "o what", " wait", "\nbut", " 7", " \\boxed{", "1", "2", "}"]


def policies(*checkpoints: Checkpoints) -> st.SearchStrategy[Policy]:
    prune = st.builds(
        DeepPrune,
        checkpoints=st.sampled_from(checkpoints),
        tau=st.just(0.4),
        compare_members=st.integers(1, 3),
        keep=st.integers(1, 2),
        finish=st.sampled_from(["representatives", "largest"]),
    )
    settled = st.builds(SettledVote, confidence=st.sampled_from([0.8, 1.0]))
    return st.one_of(prune, st.builds(Composed, prune, settled))


once = (Checkpoints.tokens(1), Checkpoints.tokens(3), Checkpoints.steps(1), Checkpoints.steps(2))
often = (*once, Checkpoints.tokens(2, 5, 6), Checkpoints.steps(1, 2, 3))


@dataclass(frozen=True)
class Say:
    """Some text of a trace, maybe its last."""

    trace: int
    pieces: tuple[str, ...]
    reasoning: bool = False
    finish: Finish | None = None


@dataclass(frozen=True)
class Answer:
    """The judge answers all open pairs."""

    shift: float


Step = Say | Failed | Answer


def write(random: Random) -> list[Step]:
    """Five traces that grow side by side, often by several texts in a row."""
    script: list[Step] = []
    trace, reasoning = 0, False
    for _ in range(random.randint(5, 60)):
        if random.random() < 0.6:
            trace, reasoning = random.randrange(5), random.random() < 0.3
        act = random.random()
        if act < 0.03:
            script.append(Failed(trace=trace, error="broken"))
        elif act < 0.15:
            script.append(Answer(random.random()))
        else:
            pieces = tuple(random.choices(PIECES, k=random.randint(0, 4)))
            finish: Finish | None = random.choice(("stop", "length")) if act > 0.92 else None
            script.append(Say(trace, pieces, reasoning, finish))
    return script


scripts = st.integers(0, 2**32).map(lambda seed: write(Random(seed)))


def score(pair: Pair, shift: float = 0.0) -> float | None:
    """A verdict that the texts decide."""
    digest = blake2b(f"{pair.left}/{pair.right}/{shift}".encode(), digest_size=1).digest()[0]
    return None if digest < 10 else digest / 255


def merged(script: Sequence[Step]) -> Iterator[Step]:
    """Join neighbouring texts of the same trace."""
    last: Say | None = None
    for step in script:
        if (
            isinstance(step, Say)
            and last is not None
            and (last.trace, last.reasoning, last.finish) == (step.trace, step.reasoning, None)
        ):
            last = Say(step.trace, last.pieces + step.pieces, step.reasoning, step.finish)
            continue
        if last is not None:
            yield last
        last = step if isinstance(step, Say) else None
        if last is None:
            yield step
    if last is not None:
        yield last


def chunks(say: Say, cuts: Sequence[int]) -> Iterator[Chunk]:
    """Cut a text; the last chunk brings the end, if there is one."""
    bounds = [0, *sorted(cut % (len(say.pieces) + 1) for cut in cuts), len(say.pieces)]
    for number, (begin, end) in enumerate(pairwise(bounds), start=1):
        pieces = say.pieces[begin:end]
        last = number == len(bounds) - 1
        yield Chunk(
            pieces=pieces,
            reasoning=say.reasoning,
            confidences=tuple(float(len(piece)) for piece in pieces),
            logprobs=tuple(-float(len(piece)) for piece in pieces),
            finish=say.finish if last else None,
            usage=Usage(prompt=3, generated=40) if last and say.finish else None,
        )


def play(driver: Driver, script: Sequence[Step], cuts: Iterator[Sequence[int]]) -> list[Action]:
    ended: set[int] = set()
    for step in script:
        if isinstance(step, Answer):
            driver.judge(partial(score, shift=step.shift), rounds=1)
        elif step.trace not in driver.started or step.trace in ended:
            continue
        elif isinstance(step, Failed):
            driver.tell(step)
            ended.add(step.trace)
        else:
            for chunk in chunks(step, next(cuts)):
                driver.tell(Arrived(trace=step.trace, chunk=chunk))
            if step.finish:
                driver.tell(Ended(trace=step.trace))
                ended.add(step.trace)
    return driver.actions


def forever(cuts: Sequence[Sequence[int]]) -> Iterator[Sequence[int]]:
    while True:
        yield from cuts or [()]


@given(
    policies(*often),
    scripts,
    st.lists(st.lists(st.integers(0, 20), max_size=5), max_size=8),
    st.sampled_from([None, 3]),
    st.booleans(),
)
def test_how_text_is_cut_changes_nothing(
    policy: Policy,
    script: list[Step],
    cuts: list[list[int]],
    concurrency: int | None,
    free_judge: bool,
) -> None:
    as_it_is, cut, whole = (
        Driver(policy, n=5, concurrency=concurrency, free_judge=free_judge) for _ in range(3)
    )
    play(as_it_is, script, forever([()]))
    play(cut, script, forever(cuts))
    play(whole, list(merged(script)), forever([()]))
    for other in (cut, whole):
        assert other.actions == as_it_is.actions
        assert other.result() == as_it_is.result()
        for trace, same in zip(
            other.engine.roster.traces, as_it_is.engine.roster.traces, strict=True
        ):
            assert trace.confidences == same.confidences
            assert trace.logprobs == same.logprobs
            assert trace.answer_text == same.answer_text


@pytest.mark.parametrize("unit", ["tokens", "steps"])
def test_a_chunk_with_several_tokens_is_split_at_the_checkpoint(unit: str) -> None:
    checkpoints = Checkpoints.tokens(2) if unit == "tokens" else Checkpoints.steps(1)
    driver = Driver(DeepPrune(checkpoints=checkpoints), n=2)
    driver.say(0, "so some so that")
    driver.say(1, ["so", " so", "me", " but", " then"])
    (pair,) = driver.waiting
    expected = ("so so", "so some") if unit == "tokens" else ("so some ", "so some ")
    assert (pair.left.text, pair.right.text) == expected


def decided(driver: Driver) -> list[Placed | Close]:
    return [action for action in driver.actions if isinstance(action, Placed | Close)]


def told(
    driver: Driver, script: Sequence[Step], order: st.DataObject | None = None
) -> list[Placed | Close]:
    """Answer every question at once, in the order asked or in a drawn one."""
    for step in script:
        if isinstance(step, Say) and step.trace in driver.open:
            driver.say(step.trace, step.pieces, reasoning=step.reasoning)
            if step.finish:
                driver.end(step.trace, finish=step.finish)
        elif isinstance(step, Failed) and step.trace in driver.open:
            driver.tell(step)
        while driver.waiting:
            batch = list(driver.waiting)
            for pair in order.draw(st.permutations(batch)) if order else batch:
                driver.verdict(pair, score(pair))
    return decided(driver)


@given(policies(*once), scripts, st.booleans(), st.data())
def test_the_order_of_verdicts_in_a_batch_changes_no_decision(
    policy: Policy, script: list[Step], free_judge: bool, data: st.DataObject
) -> None:
    in_order, shuffled = (Driver(policy, n=5, free_judge=free_judge) for _ in range(2))
    # First all that was said, for a large batch; then the ends and failures, one by one.
    for step in script:
        if isinstance(step, Say):
            for driver in (in_order, shuffled):
                driver.say(step.trace, step.pieces, reasoning=step.reasoning)
    rest = [Say(s.trace, (), finish=s.finish) if isinstance(s, Say) else s for s in script]
    assert told(in_order, rest) == told(shuffled, rest, data)
    assert in_order.asked == shuffled.asked
    assert in_order.result() == shuffled.result()


@given(policies(*often), scripts)
def test_free_and_costly_verdicts_lead_to_the_same_decisions(
    policy: Policy, script: list[Step]
) -> None:
    free, costly = (Driver(policy, n=5, free_judge=judge) for judge in (True, False))
    assert told(free, script) == told(costly, script)
    assert free.result() == costly.result()


@given(policies(*often), scripts, st.booleans(), st.booleans())
def test_text_that_is_not_kept_is_not_needed(
    policy: Policy, script: list[Step], can_continue: bool, shadow: bool
) -> None:
    kept, lean = (
        Driver(policy, n=5, can_continue=can_continue, shadow=shadow, keep_text=keep_text)
        for keep_text in (True, False)
    )
    for driver in (kept, lean):
        play(driver, script, forever([()]))
        driver.stop()
    assert lean.actions == kept.actions
    texts = {"traces": {"__all__": {"text"}}}
    assert lean.result().model_dump(exclude=texts) == kept.result().model_dump(exclude=texts)
    assert not any(trace.text for trace in lean.result().traces)
