"""The picture of a run: what it shows, of which traces, and that model text stays text."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.pages import HOSTILE, Page, check

from deepprune_sdk import Result
from deepprune_sdk.results import JudgeReport, Outcome, RunUsage, TallyReport, TraceReport
from deepprune_sdk.results.markup import escaped, visible
from deepprune_sdk.results.picture import letter, run_picture


def trace(number: int, outcome: Outcome = "finished", **fields: Any) -> TraceReport:
    fields.setdefault("tokens", 100)
    return TraceReport(trace=number, outcome=outcome, **fields)


def result(
    *traces: TraceReport, answer: str | None = "42", clusters: dict[int, list[int]] | None = None
) -> Result:
    """A result whose clusters are, by default, those that traces were closed into."""
    if clusters is None:
        clusters = {trace.into: [trace.into] for trace in traces if trace.into is not None}
        for trace in traces:
            if trace.into is not None:
                clusters[trace.into].append(trace.trace)
    return Result(
        clusters=clusters,
        answer=answer,
        tally={} if answer is None else {answer: TallyReport(observed=1, imputed=0)},
        agreement=1.0,
        ended_because="complete",
        usage=RunUsage(generated=sum(trace.tokens for trace in traces)),
        traces=list(traces),
        judge=JudgeReport(),
    )


def rows(page: Page) -> list[tuple[str, str]]:
    """Outcome and hover text of each bar, from top to bottom."""
    return [
        (attributes["class"].split("dp-")[-1], attributes["title"])
        for tag, attributes in page.tags
        if tag == "div" and "dp-row" in attributes.get("class", "").split()
    ]


def lengths(page: Page) -> list[float]:
    return [
        float(attributes["style"].removeprefix("--w:"))
        for tag, attributes in page.tags
        if tag == "i" and attributes.get("style", "").startswith("--w:")
    ]


PRUNED = result(
    trace(0, tokens=200, answer="42", weight=1.0, text="so it is 42"),
    trace(1, tokens=160, answer="41", weight=1.0),
    trace(
        2, "pruned", reason="redundant", into=0, answer="42", imputed=True, weight=0.87, tokens=50
    ),
    trace(3, "pruned", reason="redundant", into=1, tokens=100),
    trace(4, "failed", reason="the server went away", tokens=20),
    trace(5, "stopped", reason="settled", tokens=190),
)


def test_a_trace_lies_below_the_one_that_speaks_for_its_cluster() -> None:
    page = check(run_picture(PRUNED))

    assert [hover.split(",")[0] for _, hover in rows(page)] == [
        "trace 0",
        "trace 2",
        "trace 1",
        "trace 3",
        "trace 5",
        "trace 4",
    ]
    assert lengths(page) == [1.0, 0.25, 0.8, 0.5, 0.95, 0.1]


def test_each_cluster_has_a_letter_beside_its_colour_and_the_rest_has_neither() -> None:
    page = check(run_picture(PRUNED))
    groups = [a["style"] for tag, a in page.tags if tag == "div" and a.get("class") == "dp-group"]
    abouts = [a["title"] for tag, a in page.tags if tag == "div" and a.get("class") == "dp-name"]

    assert groups == ["--c:var(--c0)", "--c:var(--c1)", "--c:var(--none)"]
    assert abouts == [
        "cluster A: 2 traces, founded by trace 0",
        "cluster B: 2 traces, founded by trace 1",
        "outside of every cluster: 2 traces",
    ]


def test_what_is_imputed_is_told_from_what_was_seen() -> None:
    text = check(run_picture(PRUNED)).text

    assert "(42) 0.87" in text
    assert "redundant, no vote" in text  # closed into a cluster without an answer
    assert "✗ the server went away" in text
    assert "settled" in text
    assert "2 ran to their end, 2 closed as redundant, 1 stopped, 1 failed" in text


def test_a_vote_of_survivors_shows_the_imputed_answer_as_not_counted() -> None:
    founder = trace(0, answer="42", weight=1.0)
    closed = trace(1, "pruned", into=0, answer="42", imputed=True)

    assert "(42) not counted" in check(run_picture(result(founder, closed))).text


def test_clusters_have_their_letters_in_the_order_in_which_they_were_founded() -> None:
    page = check(run_picture(result(*PRUNED.traces, clusters={1: [1, 3, 5], 0: [0, 2]})))
    hovers = dict(hover.split(",")[:2] for _, hover in rows(page))

    assert hovers["trace 1"] == hovers["trace 3"] == hovers["trace 5"] == " cluster A"
    assert hovers["trace 0"] == hovers["trace 2"] == " cluster B"
    assert "cluster" not in hovers["trace 4"]


def test_a_bar_is_marked_where_the_judge_compared_the_trace() -> None:
    page = check(
        run_picture(
            result(
                trace(0, tokens=200, answer="42", weight=1.0, compared_at=[50, 100]),
                trace(1, "pruned", tokens=100, into=0, compared_at=[50, 100]),  # 100 is its cut
            )
        )
    )
    marks = [a["style"] for tag, a in page.tags if tag == "s" and "style" in a]

    assert marks == ["--x:0.2500", "--x:0.5000", "--x:0.5000"]
    assert "checkpoint" in page.text
    assert "checkpoint" not in check(run_picture(PRUNED)).text


def test_hovering_shows_the_end_of_a_trace() -> None:
    page = check(run_picture(result(trace(0, text="begin " + "x" * 300 + "\nend"))))
    (_, hover) = rows(page)[0]

    assert hover.startswith("trace 0, 100 tokens, ran to its end\n…xxx")
    assert hover.endswith("x↵end")
    assert "begin" not in hover


def test_a_run_without_a_trace_and_one_without_an_answer_have_a_picture() -> None:
    assert "none was started" in check(run_picture(result(answer=None))).text
    assert "No answer. 1 trace: 1 ran to their end" in (
        check(run_picture(result(trace(0, tokens=0), answer=None))).text
    )


def test_512_traces_are_thin_bars_and_each_cluster_says_its_answers_once() -> None:
    founders = [trace(n, answer=str(n), weight=1.0) for n in range(2)]
    closed = [
        trace(n, "pruned", into=n % 2, answer=str(n % 2), imputed=True, weight=0.9, tokens=50)
        for n in range(2, 512)
    ]
    page = check(run_picture(result(*founders, *closed, answer="0")))

    assert len(rows(page)) == 512
    assert page.count("figure", "dp-s") == 1
    assert "0 \N{MULTIPLICATION SIGN}1 (+255)" in page.text
    assert "1 \N{MULTIPLICATION SIGN}1 (+255)" in page.text


def test_many_answers_outside_of_clusters_are_summed_up() -> None:
    traces = [trace(n, answer=str(n), weight=1.0) for n in range(200)]

    assert "193 other answers" in check(run_picture(result(*traces, answer="0"))).text


def test_text_of_models_and_servers_is_shown_and_never_obeyed() -> None:
    page = check(
        run_picture(
            result(
                trace(0, answer=HOSTILE, weight=1.0, text=HOSTILE),
                trace(1, "failed", reason=HOSTILE),
                trace(2, "stopped", reason=HOSTILE),
                trace(
                    3, "pruned", into=0, answer=HOSTILE, imputed=True, weight=0.5, reason=HOSTILE
                ),
                answer=HOSTILE,
            )
        )
    )

    assert page.text.count("<script>alert(1)</script>") == 5
    assert "<script>alert(1)</script>" in rows(page)[0][1]


def test_the_same_result_gives_the_same_picture() -> None:
    assert run_picture(PRUNED) == run_picture(PRUNED.model_copy(deep=True))


def test_clusters_are_named_like_columns_of_a_sheet() -> None:
    assert [letter(place) for place in (0, 25, 26, 27, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "AB",
        "ZZ",
        "AAA",
    ]


def test_what_is_hidden_becomes_visible() -> None:
    assert visible("a\nb\x00\x7f\x85\u202e\ud800\u2028\u200d") == "a↵b␀␡\ufffd⟨U+202E⟩\ufffd↵\u200d"
    assert visible("a\n\tb\r", lines=True) == "a\n\tb␍"
    assert escaped("<a b='c'>&\"", limit=20) == "&lt;a b=&#x27;c&#x27;&gt;&amp;&quot;"
    assert escaped("abcdef", limit=4) == "abc…"


@given(st.text())
def test_any_text_comes_back_from_html_as_what_is_visible_of_it(text: str) -> None:
    assert Page(f"<p>{escaped(text)}</p>").text == visible(text)
    assert Page(f'<p title="{escaped(text)}"></p>').values("title") == [visible(text)]
