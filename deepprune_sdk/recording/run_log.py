"""Run logs, `deepprune-run/1`: what an engine was told and what it answered, in order.

JSON lines: a header with the run's setup and policy, then one record a signal. An engine that is
told the same again must answer the same, byte for byte, which `verify_run_log` checks.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from io import BufferedWriter, FileIO, TextIOWrapper
from os import PathLike
from pathlib import Path
from typing import IO, Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from deepprune_sdk.answers.by_name import as_extractor
from deepprune_sdk.data.signals import Action, Signal, record_of
from deepprune_sdk.engine.engine import Engine
from deepprune_sdk.errors import ConfigurationError, RecordingError
from deepprune_sdk.policies.base import Policy, RunSetup
from deepprune_sdk.policies.composed import Composed
from deepprune_sdk.policies.records import policy_from_record, policy_record
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.recording.files import lock, open_regular
from deepprune_sdk.recording.lines import Lines

__all__ = ["SCHEMA", "RunLogWriter", "verify_run_log"]

SCHEMA = "deepprune-run/1"
HEAD = b'{"schema":"' + SCHEMA.encode()
"""How a run log begins."""

_signal: TypeAdapter[Signal] = TypeAdapter(Signal, config=ConfigDict(defer_build=True))
_setup: TypeAdapter[RunSetup] = TypeAdapter(RunSetup)


class RunLogWriter:
    """Writes one run's log as it goes on."""

    def __init__(
        self, path: str | PathLike[str], policy: Policy, setup: RunSetup, shadow: bool
    ) -> None:
        """Name the file.

        Raises:
            ConfigurationError: There is a file that is not a run log.
        """
        self.path: Path = Path(path)
        if self.path.is_file():
            with self._refusing(), self.path.open("rb") as file:
                self._require_log(file)
        self._file: IO[str] | None = None
        self._header = {
            "schema": SCHEMA,
            "setup": asdict(setup),
            "policy": policy_record(policy),
            "shadow": shadow,
        }

    def open(self) -> None:
        """Open the file; what is there is replaced, if it is a run log.

        Raises:
            ConfigurationError: It cannot be written, is not a run log, or another run writes it.
        """
        with self._refusing():
            file = open_regular(self.path, os.O_RDWR | os.O_CREAT, "r+", devices=True)
            try:
                if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    self._require_log(file)
                    if not lock(file):
                        raise ConfigurationError(
                            f"run_log={str(self.path)!r} is being written by another run, or is "
                            "its recording: give each its own file"
                        )
                    file.seek(0)
                    file.truncate()
                self._file = TextIOWrapper(BufferedWriter(file), encoding="utf-8")
            except BaseException:
                file.close()
                raise
        self._file.write(_line(self._header))

    @contextmanager
    def _refusing(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError(
                f"run_log={str(self.path)!r}: {error.strerror or error}; give a file that can be "
                "written"
            ) from error

    def _require_log(self, file: IO[bytes] | FileIO) -> None:
        begins = file.read(len(HEAD))
        if begins and begins != HEAD:
            raise ConfigurationError(
                f"run_log={str(self.path)!r} is there and is not a {SCHEMA} log, and would be "
                "replaced: give another name, or remove it"
            )

    def write(self, signal: Signal | None, actions: Sequence[Action]) -> None:
        """Append a signal, or None for the start of the run, and the actions on it.

        Raises:
            OSError: The file cannot be written.
        """
        if self._file is None:
            return
        told = None if signal is None else _signal.dump_python(signal, mode="json")
        self._file.write(_line({"signal": told, "actions": _records(actions)}))

    def close(self) -> None:
        """Finish the file. Does nothing twice.

        Raises:
            OSError: What was left could not be written.
        """
        file, self._file = self._file, None
        if file is not None:
            file.close()


def verify_run_log(
    path: str | PathLike[str],
    *,
    policy: Policy | None = None,
    answers: AnswerExtractor | None = None,
) -> Engine:
    """Tell a new engine what a logged one was told, and compare what it answers.

    Args:
        path: The log.
        policy: The policy of the run, where it is not one of the SDK's.
        answers: The extractor of the run, where its kind has no name: the log has what was said,
            and every answer is read anew.

    Returns:
        The new engine, at the end of the log.

    Raises:
        RecordingError: The file is no run log, or the engine answers otherwise; names the line.
        ConfigurationError: The log names a policy that is not the SDK's, and none was given.
    """
    with Path(path).open("rb") as file:
        lines = Lines(file)
        numbered = enumerate(lines, start=1)
        engine = _engine(path, numbered, policy, answers)
        for number, line in numbered:
            try:
                record = _parsed(line)
                told = record["signal"]
                signal = None if told is None else _signal.validate_python(told)
                logged = record["actions"]
            except (ValueError, KeyError, TypeError) as error:
                raise RecordingError(f"{path}:{number}: not a record of a run log") from error
            try:
                actions = engine.begin() if signal is None else engine.handle(signal)
            except LookupError as error:
                raise RecordingError(f"{path}:{number}: no such trace or pair: {told}") from error
            if _line(_records(actions)) != _line(logged):
                raise RecordingError(
                    f"{path}:{number}: the engine answers {_records(actions)}, logged is {logged}"
                )
        if lines.fault or lines.rest:
            raise RecordingError(f"{path}: {lines.fault or 'its last record is not complete'}")
    return engine


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _engine(
    path: str | PathLike[str],
    lines: Iterator[tuple[int, bytes]],
    policy: Policy | None,
    answers: AnswerExtractor | None,
) -> Engine:
    try:
        header = _parsed(next(lines, (0, b""))[1])
        if header["schema"] != SCHEMA:
            raise RecordingError(f"{path}:1: schema {header['schema']!r}, not {SCHEMA!r}")
        setup = _setup.validate_python(header["setup"])
        shadow = bool(header["shadow"])
        method = header["policy"]
    except (ValueError, KeyError, TypeError, ValidationError, ConfigurationError) as error:
        raise RecordingError(f"{path}:1: not the header of a {SCHEMA} log") from error
    answers = as_extractor(setup.extractor.spec) if answers is None else answers
    return Engine(_policy(method, policy), setup, answers, shadow=shadow)


def _policy(record: Mapping[str, Any], own: Policy | None) -> Policy:
    """Return the policy that was logged, the user's own in its place beside the SDK's guards."""
    if own is None:
        return policy_from_record(record)
    parts: list[Mapping[str, Any]] = record.get("policies", [])
    if isinstance(own, Composed) or all(part["name"] != own.name for part in parts):
        return own
    return Composed(
        *(own if part["name"] == own.name else policy_from_record(part) for part in parts)
    )


def _records(actions: Iterable[Action]) -> list[dict[str, Any]]:
    return [record_of(action) for action in actions]


def _line(value: object) -> str:
    # ASCII: a server may cut a character in two, and half of one cannot be written as UTF-8.
    return json.dumps(value, separators=(",", ":")) + "\n"
