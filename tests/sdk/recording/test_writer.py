"""Writing recordings: nothing that was written is lost, and nothing torn is kept."""

from __future__ import annotations

import errno
import gzip
import io
import os
from pathlib import Path
from typing import Any

import pytest
from support.recordings import numbers, read, record, save, trace

from deepprune_sdk import ConfigurationError, RecordingError
from deepprune_sdk.recording import TraceWriter, files
from deepprune_sdk.recording.format import to_line

NAMES = ["a.jsonl", "a.jsonl.gz"]


def written(path: Path, count: int) -> list[int]:
    """Write traces; return the length of the file after each."""
    sizes: list[int] = []
    with TraceWriter(path) as writer:
        for number in range(count):
            writer.write(trace(number))
            sizes.append(path.stat().st_size)
    return sizes


@pytest.mark.parametrize("name", NAMES)
def test_a_trace_is_in_the_file_when_write_returns(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with TraceWriter(path) as writer:
        for number in range(3):
            writer.write(trace(number))
            assert numbers(path) == [("sum", each) for each in range(number + 1)]


def test_the_name_decides_whether_a_new_file_is_gzipped_and_the_content_of_an_old_one(
    tmp_path: Path,
) -> None:
    gzipped, plain = tmp_path / "a.gz", tmp_path / "b"
    for path in (gzipped, plain):
        written(path, 1)
    assert gzipped.read_bytes()[:2] == b"\x1f\x8b"
    assert plain.read_bytes()[:1] == b"{"

    moved = {gzipped: tmp_path / "c", plain: tmp_path / "d.gz"}
    for before, after in moved.items():
        before.rename(after)
        with TraceWriter(after) as writer:
            writer.write(trace(1))
        assert numbers(after) == [("sum", 0), ("sum", 1)]


def test_the_same_traces_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        written(tmp_path / name, 3)

    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_cut_at_every_byte_a_recording_goes_on_without_loss_or_duplicate(
    name: str, tmp_path: Path
) -> None:
    """As a process may be killed: the file ends anywhere."""
    path = tmp_path / name
    sizes = written(path, 4)
    data = path.read_bytes()
    for size in range(len(data) + 1):
        path.write_bytes(data[:size])
        with TraceWriter(path) as writer:
            known = writer.recorded.get(("small", "sum"))
            there = known.complete if known is not None else set[int]()
            # A line that lacks nothing but its end is whole.
            whole = sum(end <= size or (name == NAMES[0] and end == size + 1) for end in sizes)
            assert there == set(range(whole))
            kept = sizes[whole - 1] if whole else 0
            assert writer.cut == max(0, size - kept)
            assert path.stat().st_size == kept
            for number in set(range(4)) - there:
                writer.write(trace(number))
        assert path.read_bytes() == data


def test_what_other_programs_left_is_gone_on_with(tmp_path: Path) -> None:
    """One gzip member for all lines, or no last line end."""
    for position, (name, end) in enumerate([("a.gz", "\n"), ("b.gz", ""), ("c", "\n"), ("d", "")]):
        path = save(tmp_path / name, [record(trace=number) for number in range(3)], end=end)
        with TraceWriter(path) as writer:
            assert writer.recorded["small", "sum"].complete == {0, 1, 2}, position
            assert writer.cut == 0
            writer.write(trace(3))
        assert numbers(path) == [("sum", number) for number in range(4)]


def test_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = save(tmp_path / "a", [record(), "", record(trace=1)])
    with TraceWriter(path) as writer:
        writer.write(trace(2))
    assert numbers(path) == [("sum", 0), ("sum", 1), ("sum", 2)]


def test_zeros_that_a_loss_of_power_left_are_cut_off(tmp_path: Path) -> None:
    for name in NAMES:
        path = tmp_path / name
        written(path, 2)
        data = path.read_bytes()
        path.write_bytes(data + bytes(100))
        with TraceWriter(path) as writer:
            assert writer.cut == 100
        assert path.read_bytes() == data


FOREIGN: list[tuple[str, bytes]] = [
    ("notes.txt", b"what I wanted to write down"),
    ("zeros", bytes(100)),
    ("problems.jsonl", b'{"question": "What is 2 + 3?"}\n'),
    ("problems.jsonl", b'{"question": "What is 2 + 3?"}'),
    ("picture.gz", gzip.compress(b"some picture")[:-6]),
    ("empty.gz", gzip.compress(b"picture")[:12]),
    ("others.gz", gzip.compress(b"".join(to_line(trace(number)) for number in range(3)))[:-6]),
    ("garbage", to_line(trace()) + b"\x1f\x8bgarbage"),
    ("bad.gz", gzip.compress(to_line(trace())) + b"garbage"),
]


@pytest.mark.parametrize(("name", "data"), FOREIGN, ids=[name for name, _ in FOREIGN])
def test_what_is_no_torn_record_is_never_cut(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    with pytest.raises(RecordingError, match=f"{name}:"), TraceWriter(path):
        pass
    assert path.read_bytes() == data


def test_a_fault_in_the_middle_is_named_and_left_alone(tmp_path: Path) -> None:
    path = save(tmp_path / "a", [record(), record(trace=1, pieces=[]), record(trace=2)])

    with pytest.raises(RecordingError, match=r"a:2: pieces: empty"), TraceWriter(path):
        pass
    # The lock went with the failure.
    save(path, [record()])
    with TraceWriter(path):
        pass


def test_a_number_is_written_once(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "a") as writer:
        writer.write(trace(0))
        writer.write(trace(1, finish="pruned"))
        for number in (0, 1):
            with pytest.raises(RecordingError, match=f"a: trace {number} of problem 'sum' is rec"):
                writer.write(trace(number))
        known = writer.recorded["small", "sum"]
    assert (known.complete, known.closed) == ({0}, {1})


def test_two_writers_of_one_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with TraceWriter(path) as first:
        with pytest.raises(ConfigurationError, match="a is being written by another recording"):
            TraceWriter(path).__enter__()
        first.write(trace())
    with TraceWriter(path) as second:
        second.write(trace(1))


def test_a_writer_is_open_until_its_last_block_is_left(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "a")
    with writer:
        with writer:
            writer.write(trace(0))
        writer.write(trace(1))
    with pytest.raises(ConfigurationError, match="is not open"):
        writer.write(trace(2))
    with writer:
        writer.write(trace(2))
    assert numbers(writer.path) == [("sum", 0), ("sum", 1), ("sum", 2)]


def test_what_another_writer_added_meanwhile_is_seen(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "a")
    with writer:
        writer.write(trace(0))
    with TraceWriter(writer.path) as other:
        other.write(trace(1))
    with writer:
        assert writer.recorded["small", "sum"].complete == {0, 1}


def test_reserved_numbers_do_not_overlap(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "a") as writer:
        writer.write(trace(3))
        assert [writer.reserve("small", "sum", 4) for _ in range(2)] == [4, 8]
        assert writer.reserve("small", "other", 4) == 0


@pytest.mark.parametrize("where", ["nowhere/a.jsonl", "."])
def test_a_file_that_cannot_be_opened_is_wrong_use(where: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="give a file that can be written"):
        TraceWriter(tmp_path / where).__enter__()


def test_only_a_plain_file_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "device").symlink_to("/dev/full")
    for name in ("fifo", "device"):
        with pytest.raises(ConfigurationError, match=f"{name}: not a regular file; give a file"):
            TraceWriter(tmp_path / name).__enter__()


def test_a_link_leads_to_the_file_that_is_locked(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "soft").symlink_to("a")
    (tmp_path / "hard").hardlink_to(tmp_path / "a")
    with TraceWriter(tmp_path / "soft") as writer:
        for name in ("a", "hard"):
            with pytest.raises(ConfigurationError, match="being written"):
                TraceWriter(tmp_path / name).__enter__()
        writer.write(trace(0))
    assert (tmp_path / "soft").is_symlink()
    assert numbers(tmp_path / "hard") == [("sum", 0)]


def test_another_file_in_the_place_is_read_anew(tmp_path: Path) -> None:
    """Of the same length: what the writer knows is of the file that it wrote."""
    writer = TraceWriter(tmp_path / "a")
    with writer:
        writer.write(trace(0))
    with TraceWriter(tmp_path / "b") as other:
        other.write(trace(1))
    (tmp_path / "b").replace(tmp_path / "a")
    with writer:
        assert writer.recorded["small", "sum"].complete == {1}


def test_the_lock_is_that_of_the_file_in_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program may replace the file between its being opened and its being locked."""
    path = tmp_path / "a"
    path.touch()
    (tmp_path / "new").touch()
    real = files.lock

    def late(file: io.FileIO) -> bool:
        if (tmp_path / "new").exists():
            (tmp_path / "new").replace(path)
        return real(file)

    monkeypatch.setattr("deepprune_sdk.recording.writer.lock", late)
    with TraceWriter(path) as writer:
        writer.write(trace(0))
    assert numbers(path) == [("sum", 0)]


class _FullDisk(io.FileIO):
    """Takes some bytes, then no more."""

    room = 0

    def write(self, data: Any, /) -> int:
        taken = super().write(bytes(data)[: min(self.room, 40)])
        self.room -= taken
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        return taken


def _on_full_disk(path: Path, flags: int, mode: str) -> io.FileIO:
    del flags
    return _FullDisk(path, mode)


def test_a_full_disk_is_an_error_and_leaves_whole_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    monkeypatch.setattr("deepprune_sdk.recording.writer.open_regular", _on_full_disk)
    monkeypatch.setattr(_FullDisk, "room", len(to_line(trace())) + 100)
    with TraceWriter(path) as writer:
        writer.write(trace(0))  # in several short writes
        with pytest.raises(RecordingError, match="a: cannot be written to: No space left"):
            writer.write(trace(1))
        assert writer.recorded["small", "sum"].complete == {0}
    monkeypatch.undo()

    assert path.read_bytes() == to_line(trace(0))
    with TraceWriter(path) as writer:
        assert writer.cut == 0
        writer.write(trace(1))
    assert [each.trace for each in read(path)] == [0, 1]


def test_a_disk_that_does_not_take_the_data_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("os.fsync", fails)
    with (
        pytest.raises(RecordingError, match="a: cannot be written to: Input/output error"),
        TraceWriter(tmp_path / "a") as writer,
    ):
        writer.write(trace())
