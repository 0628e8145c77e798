"""`deepprune bench`: its table and files, and each way in which a recording cannot be replayed."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.pages import check
from support.places import RECORDING
from support.recorded import recorded
from support.recordings import record, save

from deepprune_adapters.cli.app import run
from deepprune_adapters.report.page import SORT_SCRIPT
from deepprune_sdk.recording import RecordedTrace
from deepprune_sdk.recording.format import to_line

Output = pytest.CaptureFixture[str]


def written(path: Path, traces: list[RecordedTrace]) -> Path:
    path.write_bytes(b"".join(to_line(trace) for trace in traces))
    return path


def bench(path: Path, *options: str, n: int = 4) -> int:
    return run(["bench", str(path), "--n", str(n), "--repeats", "2", "--workers", "1", *options])


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    """Two problems of 20 traces each, without confidences or probes."""
    return written(
        tmp_path / "traces.jsonl",
        [
            recorded(number, str(1 + number % 3 // 2), 70 + number, problem=problem)
            for problem in ("p", "q")
            for number in range(20)
        ],
    )


# --- what it says ---------------------------------------------------------------------------------


def test_every_method_the_recording_allows_is_tried_by_default(
    traces: Path, capsys: Output
) -> None:
    assert bench(traces, n=18) == 0

    out = capsys.readouterr().out
    rows = [line.split()[0 if line[0] == " " else 1] for line in out.splitlines()[1:9]]
    for name in (
        "cons",
        "cons-settled",
        "deepprune-settled",
        "deepprune",
        "adaptive-consistency",
        "esc",
    ):
        assert name in rows
    assert "without deepconf-low: DeepConf needs log-probabilities" in out
    assert "without parallel-probe: parallel-probe cannot be replayed" in out


def test_one_file_gives_one_result_whoever_reads_it(tmp_path: Path) -> None:
    """By their texts all four end in 1; by the recording two in 7, one in 8, one in nothing."""
    answers = ["7", "7.0", "8", ""]
    path = written(
        tmp_path / "graded.jsonl",
        [
            replace(recorded(number, "1", gold="7"), answer=answer)
            for number, answer in enumerate(answers)
        ],
    )
    table, study = tmp_path / "bench.json", tmp_path / "study.json"

    assert bench(path, "--method", "esc:window=2", "--json", str(table)) == 0
    assert run(["redundancy", str(path), "--json", str(study)]) == 0

    (problem,) = json.loads(study.read_text())["problems"]
    cons = json.loads(table.read_text())["methods"]["cons"]
    assert (problem["answers"], problem["same"]) == ({"7": 2, "8": 1}, 1)
    assert (cons["distinct_answers"], cons["accuracy"]) == (2, 1)


def test_a_method_that_is_asked_for_and_cannot_work_is_an_error(
    traces: Path, capsys: Output
) -> None:
    assert bench(traces, "--method", "cons,parallel-probe") == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "a recording with probes" in captured.err
    assert captured.err.count("\n") == 1


def test_a_probe_that_was_not_recorded_is_named_with_those_that_were(
    tmp_path: Path, capsys: Output
) -> None:
    probes = {8: "1", 16: "1"}
    path = written(tmp_path / "a", [recorded(i, "1", 30, probes=probes) for i in range(4)])

    assert bench(path, "--method", "parallel-probe:every=8") == 1

    assert "no probe at 24 tokens" in (err := capsys.readouterr().err)
    assert "recorded: 8, 16" in err
    assert bench(path, "--method", "parallel-probe:every=8,stable=2") == 0


def test_the_json_has_the_figures_that_the_documentation_names(
    traces: Path, tmp_path: Path
) -> None:
    file = tmp_path / "table.json"

    assert bench(traces, "--method", "deepprune-settled:checkpoints=8", "--json", str(file)) == 0

    report: dict[str, Any] = json.loads(file.read_text())
    assert {"problems", "n", "repeats", "seed", "judge", "methods", "measured"} <= report.keys()
    assert list(report["methods"]) == ["cons", "deepprune-settled:checkpoints=8"]
    for row in report["methods"].values():
        assert {
            "agreement_with_full",
            "accuracy",
            "accuracy_ci",
            "accuracy_minus_cons",
            "accuracy_minus_cons_ci",
            "tokens",
            "tokens_ci",
            "token_reduction",
            "critical_tokens",
            "judge_tokens",
            "prompt_tokens",
            "pass_at_k",
            "distinct_answers",
            "started",
            "finished",
            "closed",
            "per_problem",
        } <= row.keys()
        assert list(row["per_problem"]) == ["m/p", "m/q"]
        low, high = row["tokens_ci"]
        assert low <= row["tokens"] <= high
    assert report["measured"].keys() == report["methods"].keys()


def test_prompt_tokens_are_counted_at_the_characters_a_token_of_the_traces(
    tmp_path: Path,
) -> None:
    path = save(tmp_path / "a", [record(trace=number) for number in range(3)])
    file = tmp_path / "t.json"

    assert bench(path, "--method", "esc:window=2", "--json", str(file), n=3) == 0

    # 14 characters at 17 characters for 3 tokens are 2 tokens; esc starts two traces of three.
    rows = json.loads(file.read_text())["methods"]
    assert rows["cons"]["prompt_tokens"] == 6
    assert rows["esc:window=2"]["prompt_tokens"] == 4


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_same_seed_gives_the_same_bytes(
    workers: str, traces: Path, tmp_path: Path, capsys: Output
) -> None:
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for file, count in zip(files, ("1", workers), strict=True):
        options = ["--method", "deepprune-settled,esc", "--json", str(file), "--workers", count]
        assert run(["bench", str(traces), "-n", "6", "--repeats", "3", *options]) == 0

    first, second = ({**json.loads(file.read_text()), "measured": None} for file in files)
    assert json.dumps(first) == json.dumps(second)
    assert capsys.readouterr().err == ""


def test_intervals_are_refused_where_n_is_all_there_are(
    traces: Path, tmp_path: Path, capsys: Output
) -> None:
    file = tmp_path / "table.json"

    assert bench(traces, "--method", "esc", "--json", str(file), n=20) == 0

    row = json.loads(file.read_text())["methods"]["esc"]
    assert {row[name] for name in row if name.endswith("_ci")} == {None}
    printed = " ".join(capsys.readouterr().out.split())
    assert "none: a problem has just 20 traces, so that its draws are all the same" in printed


def test_the_report_is_a_page_of_its_own(traces: Path, tmp_path: Path) -> None:
    file = tmp_path / "table.html"

    assert bench(traces, "--report", str(file), n=18) == 0

    page = check(file.read_text(encoding="utf-8"), script=SORT_SCRIPT)
    assert page.count("svg") == 4
    assert "Without deepconf-low: DeepConf needs log-probabilities" in page.text


def test_names_from_a_recording_are_text_in_the_report(tmp_path: Path) -> None:
    lines = [record(trace=number, problem="<script>alert(1)</script>") for number in range(3)]
    path, file = save(tmp_path / "a.jsonl", lines), tmp_path / "r.html"

    assert bench(path, "--method", "esc", "--report", str(file), n=2) == 0

    text = check(file.read_text(encoding="utf-8"), script=SORT_SCRIPT).text
    assert "<script>alert(1)</script>" in text


def test_the_recording_of_the_repository_is_replayed(capsys: Output) -> None:
    assert bench(RECORDING, "--method", "cons,deepprune-settled:checkpoints=32", n=12) == 0

    assert "3 problems, 2 draws of 12 traces each" in " ".join(capsys.readouterr().out.split())


# --- recordings that cannot be replayed, or not in full -------------------------------------------


def test_more_traces_than_were_recorded(traces: Path, capsys: Output) -> None:
    assert bench(traces, "--method", "esc", n=21) == 1

    assert capsys.readouterr().err == (
        "deepprune: n=21, but problem 'p' has 20 recorded traces: lower n to 20\n"
    )


def two_sizes(tmp_path: Path) -> Path:
    """Problem p has 20 traces, problem q has 5."""
    sizes = {"p": 20, "q": 5}
    return written(
        tmp_path / "two.jsonl",
        [
            recorded(number, "1", 70 + number, problem=problem)
            for problem, size in sizes.items()
            for number in range(size)
        ],
    )


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (8, "n=8, but problem 'q' has 5 recorded traces: lower n to 5, or leave such problems out"),
        (21, "'q' has 5 recorded traces: lower n to 5, or to 20 and leave smaller problems out"),
    ],
)
@pytest.mark.parametrize("command", ["bench", "abstain", "judge sweep"])
def test_a_refusal_of_small_problems_names_the_n_that_works(
    command: str, n: int, said: str, tmp_path: Path, capsys: Output
) -> None:
    assert run([*command.split(), str(two_sizes(tmp_path)), "-n", str(n)]) == 1

    err = capsys.readouterr().err
    assert said in err
    assert err.endswith("(--drop-small)\n")


def test_small_problems_can_be_left_out(tmp_path: Path, capsys: Output) -> None:
    path = two_sizes(tmp_path)

    assert bench(path, "--method", "esc", "--drop-small", n=8) == 0
    captured = capsys.readouterr()
    assert "1 problem, 2 draws of 8 traces each" in " ".join(captured.out.split())
    assert captured.err == "deepprune: 1 problem with fewer than 8 traces left out\n"
    assert run(["abstain", str(path), "-n", "8", "--drop-small", "--repeats", "2"]) == 0
    assert bench(path, "--method", "esc", "--drop-small", n=5) == 0
    assert "left out" not in capsys.readouterr().err.partition("8 traces left out")[2]
    assert bench(path, "--method", "esc", "--drop-small", n=21) == 1
    assert "lower n to 5, or to 20" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("cons+deadline:seconds=9", "cannot be replayed: it waits 9 s, and a replay counts tokens"),
        ("parallel-probe", "parallel-probe cannot be replayed: it asks traces for their answer so"),
        ("deepconf:kept=0.5,warmup=2", "needs log-probabilities, and the recording has none"),
    ],
)
def test_what_a_replay_cannot_run_says_so_in_its_words(
    method: str, said: str, traces: Path, capsys: Output
) -> None:
    assert bench(traces, "--method", method) == 2

    err = capsys.readouterr().err
    assert said in err
    assert "server" not in err
    assert "backend" not in err


READERS = {
    "bench": [],
    "redundancy": [],
    "abstain": [],
    "judge eval": [],
    "judge sweep": [],
    "judge pairs": ["-o"],
    "judge fit-light": ["-o"],
}


@pytest.mark.parametrize("command", READERS)
def test_a_file_that_is_none_is_named_by_every_command(
    command: str, traces: Path, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    (tmp_path / "other").write_text('{"a": 1}\n')
    output = [*READERS[command], str(tmp_path / "out")][: 2 * len(READERS[command])]
    for name, said in {
        "none": "none: No such file or directory; give a file that can be read",
        ".": f"{tmp_path}: Is a directory; give a file that can be read",
        "empty": "empty: give a recording that has some",
        "binary": "binary:1: not JSON",
        "other": "other:1: schema: missing; this reads 'deepprune-trace/1', and others by --map",
    }.items():
        others = [] if name == "empty" else [str(traces)]  # beside another one it is not a fault
        assert run([*command.split(), *others, str(tmp_path / name), *output]) == 1
        err = capsys.readouterr().err
        assert said in err
        assert err.count("\n") == 1


def test_closed_traces_are_refused_by_name(tmp_path: Path, capsys: Output) -> None:
    path = written(
        tmp_path / "a", [recorded(0, "1"), recorded(1, "1"), recorded(2, None, finish="pruned")]
    )

    assert bench(path, "--method", "esc", n=2) == 1

    err = capsys.readouterr().err
    assert err.startswith("deepprune: trace 2 of problem 'p' was pruned: only complete traces")
    assert err.count("\n") == 1


def test_without_a_reference_answer_there_is_no_accuracy(tmp_path: Path, capsys: Output) -> None:
    path = written(tmp_path / "a", [recorded(i, "1", gold=None) for i in range(6)])
    file = tmp_path / "t.json"

    assert bench(path, "--method", "esc", "--json", str(file)) == 0

    row = json.loads(file.read_text())["methods"]["esc"]
    assert (row["accuracy"], row["accuracy_minus_cons"], row["pass_at_k"]) == (None, None, None)
    assert row["agreement_with_full"] == 1.0
    assert "100.0%         -" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", "a.jsonl:2: not JSON"),
        (json.dumps(record(trace=9, pieces=None)), "a.jsonl:2: pieces: None: Input should be"),
        (
            json.dumps({k: v for k, v in record(trace=9).items() if k != "pieces"}),
            "a.jsonl:2: pieces: missing; give the text as a list of tokens",
        ),
        (
            json.dumps(record(trace=9, confidence=[1.0])),
            "a.jsonl:2: confidence: 1 values for 3 pieces; give one per piece, or null",
        ),
        (json.dumps(record(trace=0)), "a.jsonl:2: trace: 0 is there already for problem 'sum'"),
    ],
)
def test_a_bad_line_is_named_or_counted(
    bad: str, said: str, tmp_path: Path, capsys: Output
) -> None:
    lines: list[object] = [record(trace=number) for number in range(4)]
    path = save(tmp_path / "a.jsonl", [lines[0], bad, *lines[1:]])

    assert bench(path, "--method", "esc", n=2) == 1

    captured = capsys.readouterr()
    assert said in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert bench(path, "--method", "esc", "--skip-bad", n=2) == 0
    assert "1 fault left out; the first: " in (err := capsys.readouterr().err)
    assert said in err


def test_gzip_data_that_ends_early(tmp_path: Path, capsys: Output) -> None:
    lines = "".join(json.dumps(record(trace=number)) + "\n" for number in range(40))
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(lines.encode())[:-20])

    assert bench(path, "--method", "esc", n=2) == 1
    assert "the gzip data ends early; the traces before it are whole" in capsys.readouterr().err
    assert bench(path, "--method", "esc", "--skip-bad", n=2) == 0


def test_another_layout_is_mapped(tmp_path: Path, capsys: Output) -> None:
    theirs = {"prompt": "2 + 3?", "samples": ["\\boxed{5}", "it is \\boxed{5}", "\\boxed{6}"]}
    path = save(tmp_path / "a", [{**theirs, "truth": 5}])
    maps = ["--map", "question=prompt", "--map", "traces=samples", "--map", "gold=truth"]

    assert bench(path, "--method", "esc", *maps, n=2) == 0
    assert "1 problem, 2 draws of 2 traces each" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--method", "magic"], "no method 'magic'; known: cons,"),
        (["--method", "esc:width=3"], "esc has no setting 'width=3'; known: "),
        (["--method", "deepconf-low"], "n=4 is not above DeepConf's warm-up of 16 traces"),
        (["--judge", "oracle"], "--judge 'oracle' is unknown"),
        (["--json", "/nowhere/t.json"], "--json /nowhere/t.json: No such file"),
        (["--report", "/nowhere/t.html"], "--report /nowhere/t.html: No such file"),
        (["--map", "question"], "write FIELD=PATH"),
        (["--repeats", "0"], "Invalid value for '--repeats'"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2_before_the_work(
    options: list[str], said: str, traces: Path, capsys: Output
) -> None:
    assert bench(traces, *options) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("deepprune: ")
    assert captured.err.count("\n") == 1
    assert said in captured.err


def test_a_file_that_is_not_there(tmp_path: Path, capsys: Output) -> None:
    assert bench(tmp_path / "none.jsonl") == 1

    assert "none.jsonl: No such file or directory" in capsys.readouterr().err
