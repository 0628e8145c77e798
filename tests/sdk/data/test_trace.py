"""One trace: text, tokens, cost."""

import pytest

from deepprune_sdk.data import Chunk, Trace, Usage


def grown(*pieces: str, exact: bool = True) -> Trace:
    trace = Trace(3)
    trace.append(Chunk(pieces=pieces, exact=exact), 0, len(pieces))
    return trace


def test_text_in_two_parts() -> None:
    trace = Trace(0)
    thought = Chunk(pieces=("Let", " me", " see"), reasoning=True)
    trace.append(thought, 0, 2)
    trace.append(thought, 2, 3)
    trace.append(Chunk(pieces=(" It", " is", " 5")), 0, 3)
    assert (trace.reasoning_text, trace.answer_text) == ("Let me see", " It is 5")
    assert trace.text == "Let me see It is 5"
    assert trace.tokens == 6


def test_confidences_and_logprobs_stay_with_their_pieces() -> None:
    trace = Trace(0)
    chunk = Chunk(pieces=("a", "b", "c"), confidences=(1.0, 2.0, 3.0), logprobs=(-1.0, -2.0, -3.0))
    trace.append(chunk, 0, 1)
    trace.append(chunk, 1, 3)
    assert list(trace.confidences) == [1.0, 2.0, 3.0]
    assert list(trace.logprobs) == [-1.0, -2.0, -3.0]


def test_without_a_report_what_arrived_is_counted() -> None:
    assert Trace(0).cost == Usage()
    assert grown("a", "b").cost == Usage(generated=2, estimated=True)


def test_cumulative_reports_are_never_summed() -> None:
    trace = grown("a", "b")
    for generated in (1, 5, 4):
        trace.report(Usage(prompt=7, generated=generated))
    assert trace.cost == Usage(prompt=7, generated=5)


@pytest.mark.parametrize(("exact", "generated"), [(True, 3), (False, 2)])
def test_a_report_smaller_than_what_arrived(exact: bool, generated: int) -> None:
    # Pieces that are no tokens say nothing about tokens.
    trace = grown("a", "b", "c", exact=exact)
    trace.report(Usage(prompt=7, generated=2))
    assert trace.cost == Usage(prompt=7, generated=generated, estimated=exact)


def test_a_continued_trace_pays_for_both_requests() -> None:
    trace = grown("a", "b")
    trace.report(Usage(prompt=7, generated=2))
    trace.outcome, trace.into, trace.reason, trace.finish = "pruned", 1, "redundant", "stop"
    trace.reopen()
    assert (trace.live, trace.into, trace.reason, trace.finish) == (True, None, "", None)
    assert trace.cost == Usage(prompt=7, generated=2)
    trace.report(Usage(prompt=9, generated=1))
    trace.report(Usage(prompt=9, generated=4))
    assert trace.cost == Usage(prompt=16, generated=6)


def test_a_trace_continued_without_a_report_stays_estimated() -> None:
    trace = grown("a", "b")
    trace.outcome = "pruned"
    trace.reopen()
    trace.report(Usage(prompt=9, generated=4))
    assert trace.cost == Usage(prompt=9, generated=6, estimated=True)


def test_a_fork_grows_on_its_own() -> None:
    trace = grown("a", exact=False)
    trace.report(Usage(generated=4))
    fork = trace.fork()
    fork.append(Chunk(pieces=("b",), confidences=(1.0,), logprobs=(-1.0,)), 0, 1)
    assert (trace.text, fork.text) == ("a", "ab")
    assert not trace.confidences
    assert not trace.logprobs
    assert fork.cost == Usage(generated=4)


def test_a_prefix_is_frozen() -> None:
    trace = grown("so", " then")
    whole, part = trace.prefix(1), trace.prefix(0, characters=3)
    trace.append(Chunk(pieces=(" but",)), 0, 1)
    assert (whole.trace, whole.checkpoint, whole.text, whole.tokens) == (3, 1, "so then", 2)
    assert (part.text, part.finished) == ("so ", False)
    trace.outcome = "finished"
    assert trace.prefix(2).finished


def test_who_can_speak() -> None:
    trace = grown("a")
    assert trace.speaks
    trace.outcome = "failed"
    assert not trace.speaks
    trace.answer = "5"
    assert trace.speaks
    assert not trace.live
