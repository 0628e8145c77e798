"""`deepprune-trace/1`: what is read, and how a fault is named."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.recordings import BARE, record, save, trace

from deepprune_sdk import RecordingError
from deepprune_sdk.recording import (
    RecordedTrace,
    TraceReader,
    TraceWriter,
    group_by_problem,
    read_traces,
)
from deepprune_sdk.recording.format import to_json, to_line, to_trace
from deepprune_sdk.recording.lines import Lines

# --- one trace ------------------------------------------------------------------------------------


def test_a_record_of_another_program_is_read() -> None:
    read = to_trace(record(probes={"64": "5"}, confidence=[1, 2.5, 3], unknown="ignored"))

    assert read.text == "2 + 3 = \\boxed{5}"
    assert (read.tokens, read.complete, read.reasoning, read.t, read.answer) == (
        3,
        True,
        0,
        None,
        None,
    )
    assert read.probes == {64: "5"}
    assert read.confidence == (1.0, 2.5, 3.0)
    assert read.gold == "5"


def test_a_missing_reference_answer_is_fine() -> None:
    without = {name: value for name, value in BARE.items() if name != "gold"}

    assert to_trace(without).gold is None


@pytest.mark.parametrize(
    ("finish", "complete"),
    [("stop", True), ("length", True), ("pruned", False), ("stopped", False), ("failed", False)],
)
def test_only_what_came_to_its_end_is_complete(finish: str, complete: bool) -> None:
    assert to_trace(record(finish=finish)).complete is complete


def test_reasoning_is_told_apart_from_the_answer_part() -> None:
    read = to_trace(record(reasoning=2))

    assert read.answer_text == "\\boxed{5}"


def test_a_trace_is_frozen_and_does_not_print_its_text() -> None:
    one = trace()

    with pytest.raises(FrozenInstanceError):
        one.trace = 3  # pyright: ignore[reportAttributeAccessIssue]
    assert "boxed" not in repr(one)


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"pieces": []}, "pieces: empty; give the text as a list of tokens"),
    ({"pieces": None}, "pieces: None"),
    ({"pieces": ["a", 1]}, "pieces[1]: 1: Input should be a valid string"),
    ({"confidence": [1.0]}, "confidence: 1 values for 3 pieces; give one per piece, or null"),
    ({"logprob": [-1.0] * 4}, "logprob: 4 values for 3 pieces; give one per piece, or null"),
    ({"t": []}, "t: 0 values for 3 pieces; give one per piece, or null"),
    ({"confidence": ["high", 1, 1]}, "confidence[0]: 'high': Input should be a valid number"),
    ({"schema": "deepprune-trace/2"}, "schema: 'deepprune-trace/2' is unknown; this reads"),
    ({"schema": None}, "schema: missing; this reads 'deepprune-trace/1'"),
    ({"finish": "eos"}, "finish: 'eos': Input should be 'stop', 'length'"),
    ({"trace": -1}, "trace: -1: Input should be greater than or equal to 0"),
    ({"trace": "0"}, "trace: '0': Input should be a valid integer"),
    ({"reasoning": 4}, "reasoning: 4, but there are 3 pieces"),
    ({"gold": 5}, "gold: 5: Input should be a valid string; give the reference answer"),
    ({"question": None}, "question: None"),
    ({"probes": {"soon": "5"}}, "probes[soon]: 'soon': Input should be a valid integer"),
]


@pytest.mark.parametrize(("changes", "message"), FAULTS, ids=[m.split(";")[0] for _, m in FAULTS])
def test_each_fault_names_its_field_and_the_mend(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = save(tmp_path / "bad.jsonl", [record(), record(**{"trace": 1, **changes})])

    with pytest.raises(RecordingError) as raised:
        list(read_traces(path))

    assert str(raised.value).startswith(f"{path}:2: {message}")


@pytest.mark.parametrize("field", ["problem", "question", "model", "trace", "pieces", "finish"])
def test_a_missing_field_is_named(field: str) -> None:
    without = {name: value for name, value in BARE.items() if name != field}

    with pytest.raises(RecordingError, match=f"^{field}: missing"):
        to_trace(without)


def test_making_a_malformed_trace_fails_in_the_same_way() -> None:
    with pytest.raises(RecordingError, match=r"^t: 2 values for 3 pieces"):
        trace(t=(0.1, 0.2))


# --- lines ----------------------------------------------------------------------------------------

floats = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def traces(draw: st.DrawFn) -> RecordedTrace:
    pieces = draw(st.lists(st.text(), min_size=1, max_size=6).map(tuple))
    a_piece_each = st.none() | st.lists(floats, min_size=len(pieces), max_size=len(pieces)).map(
        tuple
    )
    return RecordedTrace(
        problem=draw(st.text()),
        question=draw(st.text()),
        gold=draw(st.none() | st.text()),
        model=draw(st.text()),
        trace=draw(st.integers(0, 2**40)),
        pieces=pieces,
        confidence=draw(a_piece_each),
        logprob=draw(a_piece_each),
        finish=draw(st.sampled_from(["stop", "length", "pruned", "stopped", "failed"])),
        sampling=draw(st.dictionaries(st.text(), st.none() | floats | st.text(), max_size=2)),
        probes=draw(st.dictionaries(st.integers(1, 2**20), st.text(), max_size=2)),
        t=draw(a_piece_each),
        reasoning=draw(st.integers(0, len(pieces))),
        answer=draw(st.none() | st.text()),
        instruction=draw(st.none() | st.text()),
    )


@given(traces())
def test_a_trace_comes_back_from_its_line_as_it_was(one: RecordedTrace) -> None:
    line = to_line(one)

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert to_trace(to_json(line)) == one


@pytest.mark.parametrize(
    ("fields", "answer"),
    [({}, None), ({"answer": "5"}, "5"), ({"answer": None}, ""), ({"answer": ""}, "")],
)
def test_an_answer_that_is_null_was_not_given_and_one_that_is_left_out_is_to_be_read(
    fields: dict[str, str | None], answer: str | None
) -> None:
    one = to_trace(record(**fields))

    assert one.answer == answer
    assert to_trace(to_json(to_line(one))) == one
    written = json.loads(to_line(one))
    assert ("answer" in written, written.get("answer")) == (bool(fields), answer or None)


def test_half_of_a_surrogate_pair_becomes_a_replacement_character() -> None:
    read = to_trace(to_json(to_line(trace(question="\ud83d half, \U0001f600 whole"))))

    assert read.question == "\ufffd half, \U0001f600 whole"


def test_optional_fields_are_left_out_where_they_say_nothing() -> None:
    assert list(json.loads(to_line(trace()))) == list(BARE)


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "plain.gz", "gzipped.jsonl"])
def test_gzip_is_known_by_its_first_bytes_and_not_by_the_name(name: str, tmp_path: Path) -> None:
    written = save(tmp_path / ("x.gz" if "gz" in name and "plain" not in name else "x"), [BARE])
    path = written.rename(tmp_path / name)

    assert [each.text for each in read_traces(path)] == ["2 + 3 = \\boxed{5}"]


def test_blank_lines_a_byte_order_mark_and_a_missing_last_line_end_are_no_faults(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.jsonl"
    first, second = json.dumps(record()), json.dumps(record(trace=1))
    path.write_bytes(f"\ufeff{first}\r\n\r\n{second}".encode())

    assert [each.trace for each in read_traces(path)] == [0, 1]


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_an_empty_file_has_no_traces(compress: Any, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(compress(b""))

    assert list(read_traces(path)) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", ":2: not JSON (EOF while parsing"),
        ('{"a": NaN}', ":2: not JSON ("),
        ("\ud83d", ":2: not JSON ("),
        ("[1]", ":2: not a JSON object; give one trace a line"),
        ("[", ":2: not JSON (EOF while parsing a list at line 1 column 1); a file that is one"),
    ],
)
def test_a_line_that_is_no_trace_is_named(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    text = f"{json.dumps(BARE)}\n{line}\n{json.dumps(record(trace=1))}\n"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))

    with pytest.raises(RecordingError) as raised:
        list(read_traces(path))

    assert str(raised.value).startswith(f"{path}{message}")
    reader = TraceReader(path, skip_bad=True)
    assert [each.trace for each in reader] == [0, 1]
    assert reader.skipped == 1
    assert reader.skipped_in == {path: 1}
    assert reader.first_fault == str(raised.value)


def test_a_reader_reads_again_from_the_beginning(tmp_path: Path) -> None:
    reader = TraceReader(save(tmp_path / "a", [record(), "{"]), skip_bad=True)

    assert [len(list(reader)) for _ in range(2)] == [1, 1]
    assert reader.skipped == 1


def test_a_file_that_cannot_be_read_is_a_fault_too(tmp_path: Path) -> None:
    there = save(tmp_path / "there", [BARE])

    with pytest.raises(RecordingError, match="nowhere: No such file or directory; give a file"):
        list(read_traces([there, tmp_path / "nowhere"]))
    reader = TraceReader([tmp_path / "nowhere", there], skip_bad=True)
    assert len(list(reader)) == 1


def test_two_traces_of_one_number_are_a_fault(tmp_path: Path) -> None:
    others = [record(model="other"), record(problem="other"), record(trace=1)]
    path = save(tmp_path / "a", [record(), *others, record()])

    with pytest.raises(RecordingError, match=r"a:5: trace: 0 is there already for problem 'sum'"):
        list(read_traces(path))
    reader = TraceReader(path, skip_bad=True)
    assert (len(list(reader)), reader.skipped) == (4, 1)


def test_what_another_file_has_of_a_problem_is_another_sample(tmp_path: Path) -> None:
    first = save(tmp_path / "a", [record(), record(trace=2)])
    second = save(tmp_path / "b", [record(), record(trace=1), record(problem="other")])

    read = [(each.problem, each.trace) for each in read_traces([first, second])]

    assert read == [("sum", 0), ("sum", 2), ("sum", 3), ("sum", 4), ("other", 0)]


def test_gzip_that_is_damaged_inside_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    members = [bytearray(gzip.compress(to_line(trace(number)))) for number in range(3)]
    members[1][-6] ^= 0xFF  # in its check sum
    path.write_bytes(b"".join(members))

    with pytest.raises(RecordingError, match=r"a.gz:2: the gzip data is damaged \(.*; the traces"):
        list(read_traces(path))
    reader = TraceReader(path, skip_bad=True)
    assert [each.trace for each in reader] == [0]
    assert reader.skipped == 1


def test_gzip_cut_at_every_byte_gives_what_is_whole_and_names_the_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    data = gzip.compress(b"".join(to_line(trace(number)) for number in range(3)), mtime=0)
    for size in range(2, len(data)):
        path.write_bytes(data[:size])
        reader = TraceReader(path, skip_bad=True)
        whole = [each.trace for each in reader]

        assert whole == list(range(len(whole)))
        assert reader.skipped == 1
        with pytest.raises(
            RecordingError, match=f"a.gz:{len(whole) + 1}: the gzip data ends early"
        ):
            list(read_traces(path))
    path.write_bytes(data)
    assert len(list(read_traces(path))) == 3


def test_a_large_set_is_not_held_in_memory(tmp_path: Path) -> None:
    """Reading stands at the line that was asked for, not behind it."""
    path = save(tmp_path / "a", [*(record(trace=number) for number in range(2000)), "no trace"])
    reading = read_traces(path)

    assert [next(reading).trace for _ in range(1999)] == list(range(1999))
    next(reading)
    with pytest.raises(RecordingError, match="a:2001: not JSON"):
        next(reading)


def test_a_line_longer_than_every_buffer_is_read(tmp_path: Path) -> None:
    long = record(pieces=["word "] * 100_000)
    for name in ("a", "a.gz"):
        path = save(tmp_path / name, [record(), {**long, "trace": 1}, record(trace=2)])
        assert [each.tokens for each in read_traces(path)] == [3, 100_000, 3]


def test_grouping_keeps_the_order_of_the_file() -> None:
    mixed = [trace(1), trace(0, problem="other"), trace(0), trace(0, model="large")]

    groups = group_by_problem(mixed)

    assert {key: [each.trace for each in group] for key, group in groups.items()} == {
        ("small", "sum"): [1, 0],
        ("small", "other"): [0],
        ("large", "sum"): [0],
    }


@settings(max_examples=25)
@given(st.lists(traces(), max_size=5))
def test_a_writer_and_a_reader_are_each_others_inverse(
    tmp_path_factory: pytest.TempPathFactory, given_traces: list[RecordedTrace]
) -> None:
    many = [replace(each, trace=number) for number, each in enumerate(given_traces)]
    for name in ("a.jsonl", "a.jsonl.gz"):
        path = tmp_path_factory.mktemp("inverse") / name
        with TraceWriter(path) as writer:
            for each in many:
                writer.write(each)
        assert list(read_traces(path)) == many


def test_a_bomb_is_a_fault_and_not_the_end_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few bytes of gzip can hold a line of any length."""
    monkeypatch.setattr("deepprune_sdk.recording.lines.LONGEST_LINE", 1 << 20)
    bomb = gzip.compress(json.dumps(record()).encode() + b"\n") + gzip.compress(bytes(1 << 22))
    path = tmp_path / "a.gz"
    path.write_bytes(bomb)
    reader = TraceReader(path, skip_bad=True)
    assert [each.trace for each in reader] == [0]
    assert reader.skipped == 1
    assert "a.gz:2: a line is longer than 1,048,576 bytes" in reader.first_fault
    with pytest.raises(RecordingError, match="a line is longer"), TraceWriter(path):
        pass
    assert path.read_bytes() == bomb


def test_a_long_line_is_read_once(tmp_path: Path) -> None:
    """It was joined anew for every block, which took ten seconds for 40 MB."""

    class Counting(io.BytesIO):
        blocks = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.blocks += 1
            return super().read(size)

    line = b"x" * 1_000_000
    file = Counting(line + b"\nrest")
    lines = Lines(file)
    assert list(lines) == [line]
    assert lines.rest == b"rest"
    assert file.blocks == 17


def test_deep_nesting_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"[" * 100_000 + b"\n" + json.dumps(record()).encode())
    reader = TraceReader(path, skip_bad=True)
    assert [each.trace for each in reader] == [0]
    assert reader.skipped == 1
