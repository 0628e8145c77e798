"""What a run found, what it cost, and how each trace ended."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from secrets import token_hex
from typing import Final, Self, cast

from pydantic import Field, JsonValue, ValidationError

from deepprune_sdk.results.markup import visible
from deepprune_sdk.results.picture import run_picture
from deepprune_sdk.results.printed import printed
from deepprune_sdk.results.reports import (
    JudgeReport,
    Report,
    RunUsage,
    SavedReport,
    ShadowReport,
    TallyReport,
    TraceReport,
)

__all__ = ["Result"]

SCHEMA: Final = "deepprune-result/1"
"""What a saved result says it is."""


class Result(Report):
    """The outcome of one run."""

    answer: str | None
    """The answer of the vote; None only if no trace gave one, or the run abstained. A vote field by
    field may give one that no trace gave, and that is not in the tally."""
    answers: str = ""
    """How answers were read: the kind, as `answers=` takes it; of `auto` also what it took."""
    tally: dict[str, TallyReport]
    """Weight by answer, the winner first."""
    method: str = ""
    """The policy's name, which `--method` and `method()` take; its settings are not part of it."""
    policy: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue], repr=False)
    """The policy with its settings and the guards beside it, as run logs name it."""
    model: str = ""
    """Name of the model; "" in a replay."""
    n: int = 0
    """Most traces."""
    seed: int | None = None
    """Seed of the run: trace i was sampled with seed + i."""
    seconds: float | None = None
    """How long the run took; None in a replay, which has no clock."""
    agreement: float
    """Share of the leading answer among observed ballots, 0 to 1."""
    abstained: bool = False
    """Whether `answer` is withheld because the agreement is below `abstain_below`; the tally has
    the answer that leads."""
    posterior: float = 0.5
    """Probability that the answer is the more frequent of the two that were seen most, if traces
    were sampled without end: Adaptive-Consistency's Beta rule on observed ballots, each counting 1.
    One half if none was seen."""
    ended_because: str
    """complete: every trace ended; settled: the vote could not turn; or why it was stopped."""
    usage: RunUsage
    """Tokens, and what they cost."""
    traces: list[TraceReport]
    """Every trace that was started, by number."""
    clusters: dict[int, list[int]] = Field(default_factory=dict[int, list[int]])
    """The traces of each cluster, which is named by the trace that founded it, in order of
    founding."""
    judge: JudgeReport = JudgeReport()
    """How often the judge was asked, and what came of it."""
    orphaned: int = 0
    """Clusters whose pruned traces have no ballot, because nothing was left to speak for them."""
    saved: SavedReport | None = None
    """About how many tokens the run saved, and what that rests on. None where no trace came to its
    end, and in shadow mode, which closes nothing and has the exact figure."""
    shadow: ShadowReport | None = None
    """In shadow mode, what the policy would have done."""
    warnings: list[str] = Field(default_factory=list[str])
    """What you should know, each once: traces without an answer, cut off or failed, a vote that is
    divided, hidden reasoning, fewer log-probabilities than asked for."""

    def __repr__(self) -> str:
        shown = repr(visible(self.answer, limit=60)) if self.answer is not None else None
        return (
            f"Result(answer={shown}, agreement={self.agreement:.2f}, method={self.method!r}, "
            f"traces={len(self.traces)}, tokens={self.usage.generated})"
        )

    def __str__(self) -> str:
        """Tell the run in ten lines, without the texts of its traces."""
        return printed(self)

    def _repr_html_(self) -> str:
        """Show a notebook the picture of the run."""
        return run_picture(self)

    def to_json(self) -> str:
        """Write the result, the texts of its traces included, as JSON (`deepprune-result/1`)."""
        fields = self.model_dump(mode="json")
        return json.dumps({"schema": SCHEMA, **fields}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what `to_json` has written.

        Raises:
            ValueError: It is something else, or broken; one line says where.
        """
        try:
            fields: object = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"not a saved result: not JSON ({error})") from error
        if not isinstance(fields, dict):
            raise ValueError("not a saved result: not a JSON object")
        record = cast("dict[str, object]", fields)
        if record.pop("schema", None) != SCHEMA:
            raise ValueError(f"not a saved result: its schema is not {SCHEMA!r}")
        try:
            return cls.model_validate(record)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, fault["loc"]))
            raise ValueError(f"a broken result: {where}: {fault['msg']}") from error

    def save(self, path: str | PathLike[str]) -> None:
        """Write the result to a file, which then has all of it or what it had before.

        A link stays one, and what is not a plain file, such as a pipe, is written to as it is.

        Raises:
            OSError: The file cannot be written.
        """
        target = Path(path).resolve()
        content = self.to_json() + "\n"
        if target.exists() and not target.is_file():
            target.write_text(content, encoding="utf-8")
            return
        written = target.with_name(f".{target.name}.{token_hex(4)}")
        try:
            with written.open("x", encoding="utf-8") as file:
                file.write(content)
            if target.exists():
                written.chmod(target.stat().st_mode)
            written.replace(target)
        except BaseException:
            written.unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a result that `save` has written.

        Raises:
            OSError: The file cannot be read.
            ValueError: It holds something else, or is broken; the message names it.
        """
        try:
            return cls.from_json(Path(path).read_bytes())
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    @property
    def best(self) -> TraceReport | None:
        """A trace in which the answer was seen, preferably a finished one; None without any."""
        return min(
            (t for t in self.traces if t.answer == self.answer and t.weight and not t.imputed),
            key=lambda trace: (trace.outcome != "finished", trace.trace),
            default=None,
        )
