"""Answers compared by math-verify in a worker process."""

import builtins
import importlib.util
import io
import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import anyio
import anyio.to_thread
import pytest
from support.labels import FINISHED_ONLY, LABELS, UNASKED, Bare

from deepprune_adapters import math as adapter
from deepprune_adapters import math_process, math_worker
from deepprune_adapters.math import MathAnswers
from deepprune_sdk import Composed, FullSampling, ParallelReasoner, RunTimeoutError, StopAtAnswer
from deepprune_sdk.answers import Answers, ExtractorPowers, FunctionAnswers
from deepprune_sdk.answers.powers import watch
from deepprune_sdk.errors import ConfigurationError, MissingExtraError
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.testing import ScriptedBackend

# A stand-in for the worker, so that what the adapter does with time and faults needs no SymPy.
PRELUDE = "import json, sys, time; print('ready', flush=True)\n"
ECHO = PRELUDE + (
    "for line in sys.stdin:\n"
    "    pair = json.loads(line)\n"
    "    if any('slow' in a or '9^' in a for a in pair): time.sleep(600)\n"
    "    if any('!' in a for a in pair): sys.exit(1)\n"
    "    print(json.dumps(sorted(pair[0]) == sorted(pair[1])), flush=True)\n"
)


@pytest.fixture(scope="module")
def real() -> Iterator[MathAnswers]:
    pytest.importorskip("math_verify")
    with MathAnswers(seconds=30) as answers:
        yield answers


def found(name: str) -> object:
    return name


def missing(name: str) -> None:
    return None


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(math_process, "_BOOT", ECHO)
    monkeypatch.setattr(importlib.util, "find_spec", found)


def test_worker_runs_where_the_library_is(real: MathAnswers) -> None:
    assert real.timeouts == 0


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("\\frac{1}{2}", "50\\%"),
        ("\\sqrt{8}", "2\\sqrt{2}"),
        ("\\frac{\\sqrt{3}}{3}", "\\frac{1}{\\sqrt3}"),
        ("x+1", "1+x"),
        ("x^2-1", "(x-1)(x+1)"),
        ("\\{1,2\\}", "\\{2,1\\}"),
        ("x>5", "(5,\\infty)"),
        ("(1,\\sqrt{8})", "(1, 2\\sqrt{2})"),
        ("\\sqrt{2}+\\sqrt{3}", "\\sqrt{5+2\\sqrt{6}}"),
        ("\\{\\sqrt{8}, 1\\}", "\\{1, 2\\sqrt{2}\\}"),
        ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2.0\\end{pmatrix}"),
    ],
)
def test_formulas_that_say_the_same(real: MathAnswers, left: str, right: str) -> None:
    assert real.equivalent(left, right)
    assert real.equivalent(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("no", "on"),
        ("5 or 6", "6 or 5"),
        ("7 hours 30 minutes", "30 minutes 7 hours"),
        ("\\sqrt{2}", "1.41421356"),
        ("1/2^{99}", "1/2^{98}"),
        ("1/2^{999}", "1/2^{998}"),
        ("\\frac{\\pi}{2^{99}}", "\\frac{\\pi}{2^{98}}"),
        ("e^{-50}", "e^{-51}"),
        ("(1, \\pi/2^{99})", "(1, \\pi/2^{98})"),
        ("\\{1, e^{-50}\\}", "\\{1, e^{-51}\\}"),
        ("x > e^{-50}", "x > e^{-51}"),
        ("[0, e^{-50}]", "[0, e^{-51}]"),
        ("\\pi + e^{-40}", "\\pi"),
        ("(1,2)", "(1,2]"),
        ("\\frac{1}{3}", "0.333333"),
        ("\\infty", "-\\infty"),
        ("B", "C"),
        ("x", "y"),
        ("}{", "x"),
        ("x", ""),
        ("x+1+" + "0+" * 150 + "0", "1+x"),
    ],
)
def test_answers_that_differ(real: MathAnswers, left: str, right: str) -> None:
    assert not real.equivalent(left, right)
    assert not real.equivalent(right, left)


def test_a_comparison_is_made_once(stand_in: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with MathAnswers(seconds=30) as answers:
        assert answers.equivalent("x+1", "1+x")
        answers.close()
        monkeypatch.setattr(math_process, "_BOOT", "raise SystemExit")
        assert answers.equivalent("1+x", "x+1")


def test_memory_is_bounded(stand_in: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "_MEMORY", 3)
    with MathAnswers(seconds=30) as answers:
        for number in range(1, 20):
            assert answers.equivalent(f"x+{number}", f"{number}+x")
        # Long forgotten, and asked again.
        assert answers.equivalent("x+1", "1+x")


def test_a_comparison_that_takes_too_long_is_given_up(
    stand_in: None, caplog: pytest.LogCaptureFixture
) -> None:
    with MathAnswers(seconds=0.2) as answers, caplog.at_level(logging.WARNING):
        assert not answers.equivalent("9^x", "x+1")
        assert answers.timeouts == 1
        assert not answers.equivalent("x+1", "9^x")  # remembered
        assert answers.timeouts == 1
        assert not answers.equivalent("9^x", "x+2")
        assert answers.timeouts == 2
        assert not answers.equivalent("9^x", "x+3")  # not worth another
        assert answers.timeouts == 2
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "on answers of 3 and 3 characters" in caplog.text


def test_other_answers_are_compared_after_a_time_out(stand_in: None) -> None:
    # Generous: nothing here waits for it, however slow the machine.
    with MathAnswers(seconds=30) as answers:
        assert not answers.equivalent("y!", "x+1")  # the worker dies: known at once
        assert answers.timeouts == 1
        assert answers.equivalent("x+1", "1+x")


def test_an_answer_that_often_replies_is_asked_about_in_spite_of_time_outs(stand_in: None) -> None:
    with MathAnswers(seconds=30) as answers:
        for number in range(1, 4):
            assert not answers.equivalent("x+1", f"y+{number}")
        for number in range(1, 4):
            assert not answers.equivalent("x+1", f"y!+{number}")
        assert answers.equivalent("x+1", "1+x")


def test_a_worker_that_has_died_between_comparisons_is_replaced(stand_in: None) -> None:
    with MathAnswers(seconds=30) as answers:
        worker = answers._worker  # pyright: ignore[reportPrivateUsage]
        assert worker is not None
        worker._process.kill()  # pyright: ignore[reportPrivateUsage]
        worker._process.wait()  # pyright: ignore[reportPrivateUsage]
        assert not answers.equivalent("x+1", "y+2")
        assert answers.equivalent("x+1", "1+x")


def test_without_a_worker_the_forms_decide(
    stand_in: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(math_process, "_BOOT", "raise SystemExit(1)")
    with MathAnswers() as answers, caplog.at_level(logging.WARNING):
        assert not answers.equivalent("x+1", "1+x")
        assert not answers.equivalent("x+2", "2+x")
        assert answers.equivalent("\\frac12", "0.5")
    assert caplog.text.count("did not start") == 1


def test_a_closed_extractor_starts_again(stand_in: None) -> None:
    answers = MathAnswers(seconds=30)
    answers.close()
    assert answers.equivalent("x+1", "1+x")
    answers.close()
    answers.close()


def test_any_thread_may_ask(stand_in: None) -> None:
    results: list[bool] = []
    with MathAnswers(seconds=30) as answers:

        def ask(number: int) -> None:
            results.append(answers.equivalent(f"x+{number}", f"{number}+x"))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [True] * 8


def test_extraction_is_that_of_the_plain_extractor(stand_in: None) -> None:
    assert MathAnswers().extract("\\boxed{5}", complete=True) == "5"
    plain = MathAnswers(answers=Answers(last_number=False))
    assert plain.extract("It is 5", complete=True) is None
    own = MathAnswers(answers=FunctionAnswers(str.strip, lambda left, right: True))
    assert own.equivalent("any", "thing")


@pytest.mark.parametrize("inner", [Answers(), LABELS, UNASKED, FINISHED_ONLY, Bare()])
def test_what_the_plain_extractor_can_do_is_kept(stand_in: None, inner: AnswerExtractor) -> None:
    answers = MathAnswers(answers=inner)
    assert ExtractorPowers.of(answers) == ExtractorPowers.of(inner)
    assert type(watch(answers)) is type(watch(inner))


@pytest.mark.anyio
async def test_a_run_with_it_closes_traces_that_have_answered(stand_in: None) -> None:
    backend = ScriptedBackend(["so LABEL: cat and" + " more" * 40])
    policy = Composed(FullSampling(), StopAtAnswer(every=1))
    for inner, outcome in ((LABELS, "answered"), (Answers(), "finished")):
        parallel = ParallelReasoner(backend, policy=policy, answers=MathAnswers(answers=inner))
        assert (await parallel.solve("?", n=1)).traces[0].outcome == outcome


HOSTILE = [f"so \\boxed{{9^{{{letter}}}}}" for letter in "abcdefgh"]


@pytest.mark.anyio
async def test_a_run_has_one_bound_for_all_comparisons_and_says_so(stand_in: None) -> None:
    """Eight answers that take for ever are 28 pairs: until now each had its own second."""
    with MathAnswers(seconds=0.2, run_seconds=0.3) as answers:
        reasoner = ParallelReasoner(
            ScriptedBackend(HOSTILE), policy=FullSampling(), answers=answers
        )
        result = await reasoner.solve("?", n=8)
        assert answers.timeouts <= 2
        # The next run has its own time, and what was known is known.
        again = await reasoner.replace(
            backend=ScriptedBackend(["\\boxed{x+1}", "\\boxed{1+x}"])
        ).solve("?", n=2)
    assert len(result.tally) == 8
    (warning,) = (each for each in result.warnings if "TimeoutError" in each)
    assert "the run's time for symbolic comparisons is used up" in warning
    assert "answers that it could not compare count as different" in warning
    assert (len(again.tally), again.warnings) == (1, [])


@pytest.mark.anyio
async def test_a_time_limit_does_not_wait_for_a_comparison(stand_in: None) -> None:
    with MathAnswers(seconds=20, run_seconds=600) as answers:
        reasoner = ParallelReasoner(
            ScriptedBackend(HOSTILE), policy=FullSampling(), answers=answers
        )
        with pytest.raises(RunTimeoutError) as raised:
            await reasoner.solve("?", n=8, timeout=0.5)
        assert answers.timeouts == 0  # the first comparison was not over
        worker = answers._worker  # pyright: ignore[reportPrivateUsage]
        assert worker is not None
        worker._process.kill()  # pyright: ignore[reportPrivateUsage]
    assert raised.value.partial is not None
    assert {trace.outcome for trace in raised.value.partial.traces} == {"finished"}


@pytest.mark.anyio
async def test_what_is_compared_in_the_event_loop_may_hold_it_up_once(stand_in: None) -> None:
    with MathAnswers(seconds=600, run_seconds=600) as answers:
        run = answers.begin_run()
        assert run.equivalent("x+1", "1+x")
        for answer in ("9^a", "9^b", "9^c"):
            with pytest.raises(TimeoutError):
                run.equivalent(answer, "x+1")
        assert run.equivalent("1+x", "x+1")
        assert await anyio.to_thread.run_sync(answers.begin_run().equivalent, "y+2", "2+y")


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", missing)
    with pytest.raises(MissingExtraError, match=r"deepprune-sdk\[eval\]"):
        MathAnswers()


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_time_limit_is_positive(stand_in: None, seconds: float) -> None:
    with pytest.raises(ConfigurationError, match="seconds"):
        MathAnswers(seconds)


def test_the_module_loads_without_the_library() -> None:
    code = (
        "import sys; import deepprune_adapters.math; "
        "print([m for m in ('math_verify', 'sympy') if m in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.strip() == "[]"


def test_a_forgotten_extractor_ends_its_worker(stand_in: None) -> None:
    answers = MathAnswers(seconds=30)
    assert answers.equivalent("x+1", "1+x")
    process = answers._worker._process  # pyright: ignore[reportPrivateUsage, reportOptionalMemberAccess]
    del answers
    assert process.returncode is not None


def test_the_loop_of_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        LatexExtractionConfig = builtins.object
        Basic = tuple  # what SymPy reads; the texts here are none of it

        def parse(self, text: str, **options: object) -> str:
            assert options["parsing_timeout"] is None
            return text

        def verify(self, left: str, right: str, **options: object) -> bool:
            if "bad" in left:
                raise RecursionError
            return left < right  # in one direction only

    def load(name: str) -> Library:
        return Library()

    monkeypatch.setattr(logging, "disable", lambda: None)
    monkeypatch.setattr(importlib, "import_module", load)
    pairs = [["a", "b"], ["b", "a"], ["a", "a"], ["bad", "a"]]
    requests = io.StringIO("".join(f"{json.dumps(pair)}\n" for pair in pairs))
    replies = io.StringIO()
    math_worker.serve(requests, replies, seconds=5)
    assert replies.getvalue().split() == ["ready", "true", "true", "false", "false"]


def test_the_loop_of_the_worker_where_there_are_no_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "alarm", raising=False)
    test_the_loop_of_the_worker(monkeypatch)
