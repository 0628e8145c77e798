"""Training pairs: truncation, labels, the split, the statistics, the files, the order. No torch."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.places import RECORDING
from support.recorded import recorded
from support.recordings import save
from support.training_pairs import TOLD, pair_directory, record, told

from deepprune_adapters.cli.app import run
from deepprune_adapters.judges.prompts import DEEPPRUNE, PROMPT_FILE, JudgePrompt, default_prompt
from deepprune_adapters.training.figures import auroc_by_problem, difference, measure
from deepprune_adapters.training.pairs import PairRecord, Truncation, make_pairs
from deepprune_adapters.training.pairset import read_pairs, tally, write_pairs
from deepprune_adapters.training.sampler import oversampled, training_order
from deepprune_adapters.training.settings import PRESETS
from deepprune_adapters.training.split import SPLITS, Split, split_by_problem
from deepprune_sdk import ConfigurationError
from deepprune_sdk.evaluation.pairs import first_steps, first_tokens
from deepprune_sdk.recording import RecordedTrace


def thinking(number: int, *steps: str, answer: str = "5") -> RecordedTrace:
    words = " ".join(steps).split(" ")
    return RecordedTrace(
        problem="p",
        question="What?",
        model="m",
        trace=number,
        pieces=(*[f" {word}" for word in words], f" \\boxed{{{answer}}}"),
        finish="stop",
    )


# --- where traces are cut -------------------------------------------------------------------------


def test_the_first_tokens() -> None:
    traces = [recorded(0, "1", 20), recorded(1, "1", 10), recorded(2, "2", 4)]

    by_count, by_share = first_tokens(traces, 4), first_tokens(traces, 0.5)

    assert [None if (p := by_count(t)) is None else p.tokens for t in traces] == [4, 4, None]
    assert [None if (p := by_share(t)) is None else p.text for t in traces] == [
        " w0x1" * 5,
        " w1x1" * 5,
        None,
    ]


def test_the_first_steps_end_where_the_next_one_opens() -> None:
    trace = thinking(3, "We add", "Wait some more", "so it is", "but no", "so five")

    two = first_steps(2)(trace)
    mine = first_steps(1, ("some", "is"))(trace)

    assert two is not None
    assert (two.text, two.trace) == (" We add Wait some more so it is ", 3)
    assert mine is not None
    assert mine.text == " We add Wait some more so it "
    assert first_steps(9)(trace) is None


def test_every_pair_at_every_point_with_its_label() -> None:
    traces = [recorded(n, answer, 20) for n, answer in enumerate(["1", "1.0", "2", None])]
    long = [recorded(n, "1", 60, problem="q") for n in range(3)]

    pairs = make_pairs(
        {"m/p": traces, "m/q": long},
        Truncation(tokens=(0.25, 40), steps=()),
        cap=100,
        seed=0,
    )

    assert Counter((pair.problem, pair.checkpoint, pair.same) for pair in pairs) == {
        ("p", "0.25 of the median length", True): 1,
        ("p", "0.25 of the median length", False): 2,
        ("q", "0.25 of the median length", True): 3,
        ("q", "40 tokens", True): 3,
    }
    assert {pair.traces for pair in pairs if pair.problem == "p"} == {(0, 1), (0, 2), (1, 2)}


def test_a_label_is_made_of_recorded_answers_where_there_are_some() -> None:
    answers = ["7", "7.0", "8", "", None]  # of a text that says 1
    traces = [
        replace(recorded(number, "1", 20), answer=answer) for number, answer in enumerate(answers)
    ]

    pairs = make_pairs({"p": traces}, Truncation(tokens=(5,)), cap=100, seed=0)

    same = {pair.traces for pair in pairs if pair.same}
    assert (len(pairs), same) == (6, {(0, 1)})  # the fourth has no answer


def test_a_record_has_the_layout_of_the_paper() -> None:
    traces = [recorded(0, "1"), recorded(1, "2")]

    (pair,) = make_pairs({"p": traces}, Truncation(tokens=(2,)), cap=9, seed=0)

    assert pair.instruction == DEEPPRUNE.instruction
    assert pair.input == ("<trace_1>\n w0x1 w0x1\n</trace_1>\n<trace_2>\n w1x2 w1x2\n</trace_2>")
    assert pair.output == "not identical"
    assert DEEPPRUNE.record(pair.pair, same=False) == {
        "instruction": pair.instruction,
        "input": pair.input,
        "output": pair.output,
    }


def test_pairs_a_problem_are_capped_by_a_draw_that_the_seed_fixes() -> None:
    problems = {"p": [recorded(n, str(n % 2)) for n in range(12)]}

    def drawn(seed: int) -> list[tuple[int, int]]:
        made = make_pairs(problems, Truncation(tokens=(5,)), cap=10, seed=seed)
        return [pair.traces for pair in made]

    assert len(drawn(0)) == 10
    assert drawn(0) == drawn(0) != drawn(1)


# --- the split ------------------------------------------------------------------------------------

SETS = st.lists(
    st.tuples(
        st.sampled_from("abcdefgh"), st.sampled_from(["one", "two"]), st.booleans(), st.booleans()
    ),
    max_size=60,
)


@given(SETS, st.integers(0, 5))
def test_no_problem_leaks(drawn: list[tuple[str, str, bool, bool]], seed: int) -> None:
    """Not under another identifier, of another model, or with other blanks in its question."""
    pairs = [
        record(
            f"{model}-{name}", n, same=same, model=model, question=f"What{' ' * (1 + wide)}{name}?"
        )
        for n, (name, model, same, wide) in enumerate(drawn)
    ]
    try:
        split = split_by_problem(pairs, validation=0.2, test=0.3, seed=seed)
    except ConfigurationError as error:
        assert "have both pairs" in str(error)  # noqa: PT017
        return

    asked = {name: {pair.asked for pair in split[name]} for name in SPLITS}
    assert not asked["train"] & asked["validation"]
    assert not asked["train"] & asked["test"]
    assert not asked["validation"] & asked["test"]
    assert Counter(pair for name in SPLITS for pair in split[name]) == Counter(pairs)
    for name in SPLITS:
        assert auroc_by_problem(split[name], [0.0] * len(split[name]))


def test_the_shares_are_of_problems_and_further_traces_change_nothing() -> None:
    pairs = [record(f"p{p}", n, same=n < 2) for p in range(10) for n in range(4)]
    more = [record(f"p{p}", 9, same=True, model="another") for p in range(10)]

    split = split_by_problem(pairs, validation=0.2, test=0.3, seed=1)
    again = split_by_problem([*more, *pairs], validation=0.2, test=0.3, seed=1)

    assert {name: tally(own).problems for name, own in split.items()} == {
        "train": 5,
        "validation": 2,
        "test": 3,
    }
    for name in SPLITS:
        assert {p.asked for p in split[name]} == {p.asked for p in again[name]}


def test_a_split_that_cannot_be() -> None:
    pairs = [record("p", n, same=n < 2) for n in range(4)]
    with pytest.raises(ConfigurationError, match="leave some to train on"):
        split_by_problem(pairs, validation=0.5, test=0.5, seed=0)
    with pytest.raises(ConfigurationError, match=r"1 of 1 problems have both .* needs 2"):
        split_by_problem(pairs, validation=0.1, test=0, seed=0)
    assert len(split_by_problem(pairs, validation=0, test=0, seed=0)["train"]) == 4


# --- the files ------------------------------------------------------------------------------------


def test_pairs_are_read_as_they_were_written(tmp_path: Path) -> None:
    odd = record("p", 0, same=True, left="\u2028 line", right="half \ud800 of one")
    splits: dict[Split, list[PairRecord]] = {
        "train": [odd, *told("train")],
        "validation": told("v"),
        "test": [],
    }

    write_pairs(tmp_path, splits, TOLD)
    held = read_pairs(tmp_path)

    assert held.prompt == TOLD
    assert held.splits["train"][0].left == odd.left
    assert held.splits["train"][0].right == "half ? of one"
    assert held.splits["train"][1:] == told("train")
    assert held.splits["test"] == []
    assert not (tmp_path / "test.jsonl").exists()
    card = (tmp_path / "README.md").read_text()
    assert "| train | 3 | 25 | 52.0% |" in card
    assert "path: validation.jsonl" in card
    assert "test.jsonl" not in card


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    folder = pair_directory(tmp_path / "pairs")
    lines = (folder / "train.jsonl").read_text().splitlines()
    broken = json.loads(lines[2])
    del broken["question"]
    (folder / "train.jsonl").write_text("\n".join([*lines[:2], json.dumps(broken), ""]))

    with pytest.raises(ConfigurationError, match=r"train.jsonl:3: question: Field required; .*"):
        read_pairs(folder)
    with pytest.raises(ConfigurationError, match="holds no pairs"):
        read_pairs(tmp_path)


def test_a_directory_names_the_prompt_of_its_judge(tmp_path: Path) -> None:
    (tmp_path / PROMPT_FILE).write_text(TOLD.model_dump_json())
    assert default_prompt(str(tmp_path)) == TOLD

    (tmp_path / PROMPT_FILE).write_text('{"instruction": "x", "input": "{left}"}')
    with pytest.raises(ConfigurationError, match=r"is no judge prompt: .*\{right\}"):
        default_prompt(str(tmp_path))


# --- the command ----------------------------------------------------------------------------------


def test_pairs_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "pairs"
    prompt = tmp_path / "mine.json"
    mine = JudgePrompt(instruction="Compare.", input="{left} | {right}")
    prompt.write_text(mine.model_dump_json())

    options = ["--checkpoints", "8,0.5", "--steps", "1", "--words", "so,the", "--cap", "20"]
    shares = ["--validation", "0.3", "--test", "0.3", "--prompt", str(prompt)]
    code = run(["judge", "pairs", str(RECORDING), "-o", str(output), *options, *shares])

    said = capsys.readouterr().out
    held = read_pairs(output)
    everything = [pair for own in held.splits.values() for pair in own]
    assert code == 0
    assert held.prompt == mine
    assert {pair.checkpoint for pair in everything} == {
        "8 tokens",
        "0.5 of the median length",
        "1 steps",
    }
    assert f"{len(everything)} pairs of 3 recordings" in said
    assert all(f"{name:<10}     1 problems" in said for name in SPLITS)
    groups = Counter(pair.group for pair in everything)
    assert max(groups.values()) == 20
    assert all(f"{amount} pairs, " in said for amount in groups.values())


def test_a_judge_is_evaluated_on_held_out_problems_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, other = tmp_path / "pairs", pair_directory(tmp_path / "other")
    shares = ["--validation", "0.3", "--test", "0.3"]
    assert run(["judge", "pairs", str(RECORDING), "-o", str(output), *shares]) == 0
    (tested,) = {pair.problem for pair in read_pairs(output).splits["test"]}
    figures = tmp_path / "figures.json"
    evaluation = ["judge", "eval", str(RECORDING), "--checkpoints", "0.5"]

    assert run([*evaluation, "--held-out", str(output), "--json", str(figures)]) == 0
    assert run([*evaluation, "--held-out", str(other)]) == 2

    found = json.loads(figures.read_text())["checkpoints"]["0.5"]["by_problem"]
    assert [name.rpartition("/")[2] for name in found] == [tested]
    assert "none of the recorded problems is in its test split" in capsys.readouterr().err


def test_held_out_pairs_are_capped(tmp_path: Path) -> None:
    output = tmp_path / "pairs"
    options = ["--validation", "0.3", "--test", "0.3", "--held-out-cap", "7"]

    assert run(["judge", "pairs", str(RECORDING), "-o", str(output), *options]) == 0

    sizes = {name: len(own) for name, own in read_pairs(output).splits.items()}
    assert sizes["train"] > 7
    assert (sizes["validation"], sizes["test"]) == (7, 7)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--steps", "0"], "--steps '0': give whole numbers from 1"),
        (["--steps", "2.5"], "--steps '2.5'"),
        (["--checkpoints", "none"], "--checkpoints 'none': give numbers above 0"),
        (["--steps", "2", "--words", "so what"], "give single words"),
        (["--checkpoints", "100000"], "no pair: no problem has two traces"),
        (["--validation", "0.6", "--test", "0.4"], "leave some to train on"),
        (["--prompt", "missing.json"], "missing.json: No such file"),
    ],
)
def test_pairs_that_cannot_be_made(
    options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["judge", "pairs", str(RECORDING), "-o", str(tmp_path / "p"), *options]) == 2

    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


def test_pairs_overwrite_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept"
    kept.write_text("mine")

    assert run(["judge", "pairs", str(RECORDING), "-o", str(tmp_path)]) == 2
    assert run(["judge", "pairs", str(RECORDING), "-o", str(kept)]) == 2

    said = capsys.readouterr().err
    assert "is not empty: name another directory" in said
    assert "kept: is a file; name a directory" in said
    assert kept.read_text() == "mine"


def test_traces_that_all_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        {
            "schema": "deepprune-trace/1",
            "problem": f"p{p}",
            "question": f"q{p}?",
            "model": "m",
            "trace": n,
            "pieces": ["a", " b", " c", " \\boxed{1}"],
            "finish": "stop",
        }
        for p in range(5)
        for n in range(3)
    ]
    traces = save(tmp_path / "same.jsonl", lines)

    assert run(["judge", "pairs", str(traces), "-o", str(tmp_path / "p")]) == 2
    assert "0 of 5 problems have both pairs" in capsys.readouterr().err


# --- the order of training ------------------------------------------------------------------------

CLASSES = st.lists(st.booleans(), min_size=1, max_size=60)


@given(CLASSES, st.floats(1, 6), st.integers(0, 9))
def test_the_rarer_class_comes_exactly_as_often_as_asked(
    same: list[bool], factor: float, seed: int
) -> None:
    epoch = oversampled(same, factor, Random(seed))

    rarer = sum(same) * 2 < len(same)
    rare = [index for index in epoch if same[index] is rarer]
    common = [index for index in epoch if same[index] is not rarer]
    assert len(rare) == round(factor * same.count(rarer))
    assert sorted(common) == [n for n, label in enumerate(same) if label is not rarer]
    if rare:
        times = Counter(rare)
        assert set(times) == {n for n, label in enumerate(same) if label is rarer}
        assert max(times.values()) - min(times.values()) <= 1


@given(CLASSES, st.integers(1, 8), st.integers(1, 3), st.integers(0, 3), st.data())
def test_an_order_has_whole_epochs(
    same: list[bool], batch: int, epochs: int, seed: int, data: st.DataObject
) -> None:
    sizes = st.integers(1, 500)
    lengths = data.draw(st.lists(sizes, min_size=len(same), max_size=len(same)))

    def order(max_steps: int | None) -> list[int]:
        return training_order(
            same,
            lengths,
            oversample=2,
            epochs=epochs,
            max_steps=max_steps,
            batch=batch,
            seed=seed,
        )

    rarer = sum(same) * 2 < len(same)
    expected = {n: epochs * (2 if label is rarer else 1) for n, label in enumerate(same)}
    assert Counter(order(None)) == expected
    assert order(None) == order(None)
    assert len(order(7)) == 7 * batch


def test_batches_are_of_like_length_and_lengths_come_in_no_order() -> None:
    lengths = [Random(n).randint(10, 400) for n in range(400)]

    order = training_order(
        [True] * 400, lengths, oversample=1, epochs=1, max_steps=None, batch=8, seed=0
    )

    batches = [[lengths[i] for i in order[at : at + 8]] for at in range(0, 400, 8)]
    padding = sum(max(b) * len(b) - sum(b) for b in batches) / sum(lengths)
    assert padding < 0.05
    firsts = [b[0] for b in batches]
    assert firsts not in (sorted(firsts), sorted(firsts, reverse=True))


# --- figures --------------------------------------------------------------------------------------


def test_a_problem_has_the_mean_of_its_models_and_checkpoints() -> None:
    pairs: list[PairRecord] = []
    scores: list[float] = []
    for model, right, wrong in (("a", 1.0, 0.0), ("b", 0.0, 10.0)):  # perfect; always wrong
        for same, score in ((True, right), (False, wrong)):
            pairs.append(record("p", 0, same=same, model=model))
            scores.append(score)
    pairs += [record("easy", 0, same=True), record("q", 0, same=True), record("q", 1, same=False)]
    scores += [0.5, 0.7, 0.7]

    assert auroc_by_problem(pairs, scores) == {"p?": 0.5, "q?": 0.5}
    assert measure(pairs[4:5], [0.5], 0) is None


def test_the_difference_is_paired_by_problem() -> None:
    def measured(*values: float) -> list[float]:
        return list(values)

    pairs = [record(f"p{p}", n, same=n == 0) for p in range(6) for n in range(3)]
    before = measure(pairs, measured(*[0.5, 0.4, 0.6] * 6), 0)
    after = measure(pairs, measured(*[0.9, 0.4, 0.6] * 6), 0)

    assert before is not None
    assert after is not None
    assert (before.auroc_within, after.auroc_within) == (0.5, 1.0)
    assert difference(before, after, 0) == (0.5, (0.5, 0.5))


# --- without the extra ----------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["torch", "peft"])
def test_training_names_its_extra(
    package: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for present in ("torch", "transformers", "accelerate", "peft"):
        monkeypatch.setitem(sys.modules, present, ModuleType(present))
    monkeypatch.setitem(sys.modules, package, None)
    pairs = pair_directory(tmp_path / "pairs")

    code = run(["judge", "train", str(pairs), "--base", "x", "-o", str(tmp_path / "judge")])

    said = capsys.readouterr().err
    assert code == 2
    assert package in said
    assert "deepprune-sdk[train]" in said
    assert said.count("\n") == 1


def test_the_paper_has_a_preset() -> None:
    paper = PRESETS["deepprune"]

    assert (paper.lora_rank, paper.learning_rate, paper.epochs, paper.seed) == (0, 1e-5, 3, 42)
    assert (paper.batch, paper.micro_batch, paper.warmup, paper.oversample) == (8, 1, 0.1, 2)
    assert (paper.betas, paper.epsilon) == ((0.9, 0.999), 1e-8)
