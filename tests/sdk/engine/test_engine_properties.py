"""What no run may do, whatever streams, judge and user do."""

from collections.abc import Iterable
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.driving import Driver, Kept

from deepprune_sdk import Checkpoints, Composed, DeepPrune, SettledVote
from deepprune_sdk.data.signals import Close, Decision, Start
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.policies import Policy
from deepprune_sdk.policies.base import (
    Advanced,
    Observation,
    PolicyState,
    RunSetup,
    RunView,
    Scored,
)

WORDS = [" so", " some", "what", " but", " 7", " \\boxed{1}", " \\boxed{2}", " \\boxed{"]

checkpoints = st.one_of(
    st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True).map(
        lambda at: Checkpoints.tokens(*sorted(at))
    ),
    st.sampled_from([Checkpoints.steps(1), Checkpoints.steps(1, 2)]),
)
probabilities = st.sampled_from([None, 0.0, 0.3, 0.5, 0.6, 0.9, 1.0])
deepprunes = st.builds(
    DeepPrune,
    checkpoints=checkpoints,
    tau=st.sampled_from([0.0, 0.5, 0.8]),
    max_clusters=st.sampled_from([1, 2, 32]),
    compare_members=st.integers(1, 3),
    judge_threshold=st.sampled_from([None, 0.55]),
    when_full=st.sampled_from(["keep", "join"]),
    finish=st.sampled_from(["representatives", "representatives", "largest"]),
    keep=st.integers(1, 3),
    largest_members=st.integers(1, 3),
    singletons=st.integers(1, 2),
    vote=st.sampled_from(["clusters", "survivors"]),
)
settled = st.builds(
    SettledVote,
    confidence=st.sampled_from([0.8, 1.0]),
    count_imputed=st.booleans(),
    order=st.sampled_from(["arrival", "start"]),
)


class Axe:
    """Closes every trace that it may at token 3, and at every verdict: a hostile neighbour."""

    name = "axe"

    def begin(self, setup: RunSetup) -> PolicyState:
        del setup
        return _AxeState()


class _AxeState(PolicyState):
    def interest(self, trace: Trace) -> int | None:
        return 3

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        match seen:
            case Advanced(trace) if trace.tokens >= 3:
                yield Close(trace=trace.index, reason="axe")
            case Scored(pair):
                yield Close(trace=pair.right, reason="axe")
                yield Close(trace=pair.left, reason="axe")
            case _:
                pass


class Runs(RuleBasedStateMachine):
    """One run, told anything that a shell could tell."""

    driver: Driver

    @initialize(
        deepprune=deepprunes,
        others=st.lists(st.one_of(settled, st.just(Axe())), max_size=2),
        first=st.booleans(),
        n=st.integers(1, 7),
        concurrency=st.one_of(st.none(), st.integers(1, 4)),
        free_judge=st.booleans(),
        can_continue=st.booleans(),
        shadow=st.booleans(),
    )
    def begin(
        self,
        *,
        deepprune: DeepPrune,
        others: list[Policy],
        first: bool,
        n: int,
        concurrency: int | None,
        free_judge: bool,
        can_continue: bool,
        shadow: bool,
    ) -> None:
        kept = Kept(deepprune)
        parts = [kept, *others] if first else [*others, kept]
        self.driver = Driver(
            Composed(*parts),
            n=n,
            concurrency=concurrency,
            free_judge=free_judge,
            can_continue=can_continue,
            shadow=shadow,
        )
        self.driver.kept = kept

    def streaming(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.driver.open)), label="trace")

    @precondition(lambda self: self.driver.open)
    @rule(data=st.data(), pieces=st.lists(st.sampled_from(WORDS), max_size=6), thinks=st.booleans())
    def chunk(self, data: st.DataObject, pieces: list[str], thinks: bool) -> None:
        self.driver.say(self.streaming(data), pieces, reasoning=thinks)

    @precondition(lambda self: self.driver.open)
    @rule(data=st.data(), size=st.integers(1, 3))
    def all_grow(self, data: st.DataObject, size: int) -> None:
        for trace in sorted(self.driver.open):
            self.driver.say(trace, [data.draw(st.sampled_from(WORDS)) for _ in range(size)])

    @precondition(lambda self: self.driver.closed)
    @rule(data=st.data(), pieces=st.lists(st.sampled_from(WORDS), max_size=3))
    def text_under_way(self, data: st.DataObject, pieces: list[str]) -> None:
        trace = data.draw(st.sampled_from(sorted(self.driver.closed)))
        assert self.driver.say(trace, pieces) == []

    @precondition(lambda self: self.driver.open)
    @rule(data=st.data(), finish=st.sampled_from(["stop", "stop", "length"]))
    def ends(self, data: st.DataObject, finish: str) -> None:
        self.driver.end(self.streaming(data), finish="length" if finish == "length" else "stop")

    @precondition(lambda self: self.driver.open)
    @rule(data=st.data())
    def fails(self, data: st.DataObject) -> None:
        self.driver.fail(self.streaming(data))

    @precondition(lambda self: self.driver.waiting)
    @rule(data=st.data(), probability=probabilities)
    def verdict(self, data: st.DataObject, probability: float | None) -> None:
        self.driver.verdict(data.draw(st.sampled_from(self.driver.waiting)), probability)

    @precondition(lambda self: self.driver.waiting)
    @rule(probability=probabilities)
    def all_verdicts(self, probability: float | None) -> None:
        self.driver.judge(probability, rounds=1)

    @rule(mostly_not=st.integers(0, 30))
    def stop(self, mostly_not: int) -> None:
        if mostly_not == 30:
            self.driver.stop()
            assert self.driver.ended_because is not None

    @invariant()
    def claims_are_of_closed_traces(self) -> None:
        engine = self.driver.engine
        for trace in engine.roster.imputations:
            assert not engine.roster.traces[trace].live

    @invariant()
    def ballots_are_one_a_trace(self) -> None:
        traces = [ballot.trace for ballot in self.driver.engine.roster.ballots()]
        assert len(traces) == len(set(traces))
        self.driver.result()

    def teardown(self) -> None:
        """When every stream ends and every verdict comes, the run ends."""
        if not hasattr(self, "driver"):
            return
        self.driver.finish()


Runs.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestRuns = Runs.TestCase


def random_policy(random: Random) -> tuple[Kept, Policy]:
    at = sorted(random.sample(range(1, 7), random.randint(1, 3)))
    kept = Kept(
        DeepPrune(
            checkpoints=Checkpoints(
                at=tuple(at), unit=random.choice(("tokens", "tokens", "steps"))
            ),
            tau=random.choice((0.0, 0.5, 0.8)),
            max_clusters=random.choice((1, 2, 32)),
            compare_members=random.randint(1, 3),
            judge_threshold=random.choice((None, 0.55)),
            when_full=random.choice(("keep", "join")),
            finish=random.choice(("representatives", "representatives", "largest")),
            keep=random.choice((1, 1, 2)),
            largest_members=random.randint(1, 3),
            singletons=random.randint(1, 2),
            vote=random.choice(("clusters", "survivors")),
        )
    )
    others = [Axe(), SettledVote(), SettledVote(confidence=0.8, order="start")]
    parts = [kept, *random.sample(others, random.choice((0, 0, 1, 2)))]
    random.shuffle(parts)
    return kept, Composed(*parts)


def speaking_alone(driver: Driver) -> list[int]:
    """The streams on whose cluster others have a claim."""
    clusters = {claim.cluster for claim in driver.engine.roster.imputations.values()}
    home = driver.state.clusters.home
    return [trace for trace in sorted(driver.open) if home.get(trace) in clusters]


def walk(seed: int) -> Driver:
    """Take one run to its end, each at its own mixture of what can happen."""
    random = Random(seed)
    kept, policy = random_policy(random)
    driver = Driver(
        policy,
        n=random.randint(1, 9),
        concurrency=random.choice((None, None, 1, 2, 3)),
        free_judge=random.random() < 0.5,
        can_continue=random.random() < 0.5,
        shadow=random.random() < 0.4,
    )
    driver.kept = kept
    acts = ("grow", "judge", "end", "answer", "fail", "late", "bereave")
    weights = [random.random() ** power for power in (0.2, 0.5, 3, 3, 2, 3, 2)]
    scores = random.sample((None, 0.1, 0.55, 0.9, 0.9, 1.0), 3)
    for _ in range(400):
        if driver.over:
            break
        act = random.choices(acts, weights)[0]
        streams = sorted(driver.open)
        if act == "judge" and driver.waiting:
            driver.verdict(random.choice(driver.waiting), random.choice(scores))
        elif act == "late" and driver.closed:
            driver.say(random.choice(sorted(driver.closed)), [random.choice(WORDS)])
        elif act == "grow" and streams:
            text = random.choices(WORDS, (4, 4, 4, 4, 4, 1, 1, 1), k=random.randint(1, 3))
            driver.say(random.choice(streams), text)
        elif act == "fail" and streams:
            driver.fail(random.choice(streams))
        elif act == "bereave" and (heads := speaking_alone(driver)):
            driver.fail(random.choice(heads))
        elif act in ("end", "answer") and streams:
            text = random.choice(WORDS[5:7]) if act == "answer" else ""
            driver.end(random.choice(streams), text)
    driver.finish()
    return driver


def test_random_walks() -> None:
    seen: set[str] = set()
    for seed in range(1200):
        try:
            driver = walk(seed)
        except Exception as error:
            error.add_note(f"walk({seed})")
            raise
        result = driver.result()
        answers = [trace.answer for trace in driver.engine.roster.run_traces()]
        assert (result.answer is None) == (not any(answers)), f"walk({seed})"
        seen |= {action.type for action in driver.actions}
        seen |= {
            "continued" for action in driver.actions if isinstance(action, Start) and action.prefix
        }
    assert seen == {"start", "continued", "ask", "close", "placed", "end"}
