"""Fitting the learned judge: on traces whose law is known, and from the command line."""

import json
import math
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("typer")

import typer
from support.places import ROOT
from typer.testing import CliRunner

from deepprune_adapters.cli.commands.judge.fit_light import register
from deepprune_sdk import ConfigurationError
from deepprune_sdk.data import Pair, TracePrefix
from deepprune_sdk.evaluation.ranking import auroc
from deepprune_sdk.judges.fitting import Fitter, Recorded
from deepprune_sdk.judges.learned import LearnedJudge
from deepprune_sdk.judges.logistic import Row, fit_logistic

SHARED = ROOT.parent / "shared" / "data"


def test_the_logistic_fit_agrees_with_what_is_known() -> None:
    # One column that is always 1: the fit is the log-odds of the share.
    rows = [Row([1.0], number < 3, 2.0, 0.0) for number in range(4)]
    assert fit_logistic(rows, 0.0) == [pytest.approx(math.log(3))]
    # An offset is subtracted, and a ridge shrinks what is not free.
    moved = [row._replace(offset=0.5) for row in rows]
    assert fit_logistic(moved, 0.0) == [pytest.approx(math.log(3) - 0.5)]
    assert 0 < fit_logistic(rows, 1.0)[0] < fit_logistic(rows, 0.1)[0] < math.log(3)
    assert fit_logistic(rows, 1.0, free=1) == [pytest.approx(math.log(3))]


def test_the_gradient_vanishes_where_the_fit_ends() -> None:
    drawn = Random(3)
    rows = [
        Row([1.0, drawn.gauss(0, 1), drawn.gauss(0, 1)], drawn.random() < 0.4, drawn.random(), 0.2)
        for _ in range(60)
    ]
    weights = fit_logistic(rows, 0.05, free=1)

    penalty = 0.05 * sum(row.weight for row in rows)
    for column, weight in enumerate(weights):
        slope = -penalty * weight if column else 0.0
        for row in rows:
            odds = row.offset + sum(w * v for w, v in zip(weights, row.values, strict=True))
            slope += row.weight * row.values[column] * (row.label - 1 / (1 + math.exp(-odds)))
        assert slope == pytest.approx(0, abs=1e-7)


def made_up(problems: int, seed: int, *, checkpoint: float = 0.5) -> list[Recorded]:
    """Traces that come to one of three results and end in it; half of them say so already."""
    drawn = Random(seed)
    parts: list[Recorded] = []
    for problem in range(problems):
        question = f"Problem {seed}/{problem} has 5 and 6."
        traces: list[tuple[TracePrefix, int]] = []
        for trace in range(10):
            ending = drawn.choice([41, 42, 43])
            shown = f"5 * 6 = {ending} so {ending}" if drawn.random() < 0.7 else "We take 5 and 6"
            filler = " ".join(drawn.choices(["then", "so", "we", "see", "that"], k=12))
            text = f"{filler} {shown}"
            traces.append((TracePrefix(trace=trace, checkpoint=0, text=text, tokens=20), ending))
        parts.append(
            Recorded(
                problem=question,
                model="made up",
                checkpoint=checkpoint,
                pairs=[
                    (Pair(question=question, left=left, right=right), one == other)
                    for position, (left, one) in enumerate(traces)
                    for right, other in traces[:position]
                ],
            )
        )
    return parts


def test_what_is_fitted_ranks_problems_that_it_has_not_seen() -> None:
    weights = Fitter(made_up(6, seed=1)).fit()

    assert weights.features["results"].weight > 0
    assert weights.features["new"].weight > 0
    assert (weights.fitted_on.problems, weights.fitted_on.pairs) == (6, 6 * 45)
    agreeing = [label for part in made_up(6, seed=1) for _, label in part.pairs]
    assert weights.prior == pytest.approx(sum(agreeing) / len(agreeing), abs=1e-6)
    ranked: list[float] = []
    for part in made_up(4, seed=2):
        verdicts = LearnedJudge(weights).score([pair for pair, _ in part.pairs])
        scored = [
            (verdict.probability or 0.0, label)
            for verdict, (_, label) in zip(verdicts, part.pairs, strict=True)
        ]
        ranked += [value for value in [auroc(scored)] if value is not None]
    # Seven traces of ten show where they go, so that half of the pairs can be told apart.
    assert sum(ranked) / len(ranked) > 0.62


def test_a_fit_is_the_same_to_the_byte_whatever_is_held_out_by_leaving_it_away() -> None:
    parts = made_up(4, seed=1)

    assert Fitter(parts).fit().dump() == Fitter(made_up(4, seed=1)).fit().dump()
    held = Fitter(parts).fit(without=[parts[0].problem]).dump()
    assert held == Fitter(parts[1:]).fit().dump()
    assert held != Fitter(parts).fit().dump()


def test_each_problem_counts_the_same_however_many_pairs_or_checkpoints_it_has() -> None:
    first, second = made_up(2, seed=1)
    doubled = Recorded(
        problem=first.problem, model="made up", checkpoint=0.5, pairs=[*first.pairs, *first.pairs]
    )

    once, twice, again = (
        Fitter([*parts, second]).fit() for parts in ([first], [doubled], [first, first])
    )

    assert twice.features == once.features
    assert again.features == once.features
    assert twice.intercept == again.intercept == once.intercept


@pytest.mark.parametrize("label", [True, False])
def test_pairs_of_one_kind_teach_nothing(label: bool) -> None:
    (part,) = made_up(1, seed=1)
    one_kind = Recorded(
        problem="p", model="m", checkpoint=64, pairs=[(pair, label) for pair, _ in part.pairs]
    )

    for parts in ([one_kind], [], [Recorded(problem="p", model="m", checkpoint=1, pairs=[])]):
        with pytest.raises(ConfigurationError, match="nothing to learn"):
            Fitter(parts).fit()


def test_traces_without_a_word_teach_nothing_but_do_no_harm() -> None:
    left, right = (TracePrefix(trace=t, checkpoint=0, text="", tokens=0) for t in (0, 1))
    pair = Pair(question="?", left=left, right=right)
    empty = Recorded(problem="?", model="m", checkpoint=1, pairs=[(pair, True), (pair, False)])

    weights = Fitter([empty]).fit()

    assert LearnedJudge(weights).score([pair])[0].probability == pytest.approx(0.5)


# --- on the command line --------------------------------------------------------------------------


def recording(folder: Path) -> Path:
    drawn = Random(5)
    lines: list[str] = []
    for problem in range(4):
        for trace in range(8):
            ending = drawn.choice([41, 42])
            text = (
                f"We take 5 * 6 = {ending} and so after some more words we get \\boxed{{{ending}}}."
            )
            lines.append(
                json.dumps(
                    {
                        "schema": "deepprune-trace/1",
                        "problem": f"p{problem}",
                        "question": f"Problem {problem}?",
                        "gold": None,
                        "model": "made up",
                        "trace": trace,
                        "pieces": [f"{word} " for word in text.split()],
                        "finish": "stop",
                        "sampling": {},
                        "probes": {},
                    }
                )
            )
    path = folder / "traces.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def command(*arguments: object) -> str:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    result = CliRunner().invoke(app, ["fit-light", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_writes_weights_and_figures_of_held_out_problems(tmp_path: Path) -> None:
    traces, output = recording(tmp_path), tmp_path / "weights.json"

    said = command(traces, "-o", output, "--checkpoints", "0.5", "--folds", 2)

    assert "of 4 problems" in said
    assert "held out, at 0.5: AUROC within a problem 1.000" in said
    assert LearnedJudge(output).name == "learned"
    first = output.read_bytes()
    command(traces, "-o", output, "--checkpoints", "0.5")
    assert output.read_bytes() == first


@pytest.mark.parametrize("checkpoints", ["", "a", "0", "0.5,-1", "inf", "nan"])
def test_checkpoints_that_are_none_are_named(tmp_path: Path, checkpoints: str) -> None:
    with pytest.raises(ConfigurationError, match="--checkpoints"):
        command(recording(tmp_path), "-o", tmp_path / "w.json", "--checkpoints", checkpoints)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--output"):
        command(recording(tmp_path), "-o", tmp_path / "no" / "w.json", "--checkpoints", "0.5")


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the recordings of ../shared/data")
def test_the_shipped_weights_are_what_the_command_makes(tmp_path: Path) -> None:
    output = tmp_path / "weights.json"
    names = ("qwen0.5b-dev-n64", "qwen1.5b-dev-n16", "qwen1.5b-dev-n64")
    traces = [SHARED / f"gsm8k-{name}.jsonl.gz" for name in names]
    mixed = ROOT / "bench/data/smollm2-mixed-n16.jsonl.gz"
    command(*traces, mixed, "--answers", "math", "-o", output)

    shipped = ROOT / "deepprune_sdk/judges/learned_weights.json"
    assert output.read_text() == shipped.read_text()
