"""How an extractor reads a corpus of answer endings that people have read before it.

Run it on corpus files, `-v` shows every failure:

    python tests/support/grade.py tests/corpus/*.jsonl -v

A line of a corpus is a JSON object:

- `id`, `kind` (what `as_extractor` takes), `lang`, `fault` (what the case is one of),
- `text` and `complete`, which `extract` gets,
- `answer`: what a person reads, or null where nothing is stated as an answer,
- `equals`, optional: other spellings, any of which is as right,
- `differs`, optional: answers that must not be taken for the same,
- `question`, optional: the question with its options.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from deepprune_sdk.answers.by_name import as_extractor
from deepprune_sdk.protocols import AnswerExtractor

Mark = Literal["right", "wrong", "unread"]
MARKS: tuple[Mark, ...] = ("right", "wrong", "unread")


@dataclass(frozen=True)
class Case:
    """An ending and what a person reads in it."""

    id: str
    kind: str
    lang: str
    fault: str
    text: str
    complete: bool
    answer: str | None
    equals: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    question: str | None = None

    @classmethod
    def of(cls, line: str) -> Case:
        record: dict[str, Any] = json.loads(line)
        lists: dict[str, list[str]] = {name: record.pop(name, []) for name in ("equals", "differs")}
        return cls(**record, equals=tuple(lists["equals"]), differs=tuple(lists["differs"]))

    @property
    def base(self) -> str:
        """The kind without its labels."""
        return self.kind.partition(":")[0]


@dataclass(frozen=True)
class Graded:
    """What became of a case."""

    case: Case
    mark: Mark
    read: str | None
    why: str = ""


@dataclass(frozen=True)
class Score:
    """A group of graded cases."""

    graded: tuple[Graded, ...]

    @property
    def total(self) -> int:
        return len(self.graded)

    @property
    def failures(self) -> list[Graded]:
        return [each for each in self.graded if each.mark != "right"]

    def count(self, mark: Mark) -> int:
        return sum(each.mark == mark for each in self.graded)

    def share(self, mark: Mark) -> float:
        """The share of the cases that got this mark, 0 to 1."""
        return self.count(mark) / max(self.total, 1)


def load(path: Path) -> list[Case]:
    return [Case.of(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def as_a_reply(answer: str, kind: str) -> str:
    """A labelled answer as a model would write it, so that the extractor can read it too."""
    if kind == "code":
        return f"```\n{answer}\n```"
    if kind == "tool":
        calls: list[object] = json.loads(answer if answer.startswith("[") else f"[{answer}]")
        return "\n".join(
            f"<tool_call>\n{json.dumps(call, ensure_ascii=False)}\n</tool_call>" for call in calls
        )
    return answer


def means(extractor: AnswerExtractor, read: str, labelled: str, kind: str) -> bool:
    """Whether the extractor takes what it read for the labelled answer.

    The value that stands for an object, calls or a program is the extractor's own affair: there the
    label is also read by it.
    """
    if extractor.equivalent(read, labelled):
        return True
    if kind not in ("json", "tool", "code"):
        return False
    again = extractor.extract(as_a_reply(labelled, kind), complete=True)
    return again is not None and extractor.equivalent(read, again)


def grade(case: Case, extractor: AnswerExtractor) -> Graded:
    try:
        read = extractor.extract(case.text, complete=case.complete)
        if read is None:
            return Graded(case, "unread" if case.answer is not None else "right", None)
        if case.answer is None:
            return Graded(case, "wrong", read, "nothing is stated")
        accepted = (case.answer, *case.equals)
        if not any(means(extractor, read, each, case.base) for each in accepted):
            return Graded(case, "wrong", read, f"not {' or '.join(map(repr, accepted))}")
        for other in case.differs:
            if means(extractor, read, other, case.base):
                return Graded(case, "wrong", read, f"taken for {other!r}")
    except Exception as error:
        return Graded(case, "wrong", None, f"raised {error!r}")
    return Graded(case, "right", read)


def grade_all(cases: Sequence[Case]) -> Score:
    """Grade every case by the extractor of its kind."""
    extractors = {kind: as_extractor(kind) for kind in {case.kind for case in cases}}
    return Score(tuple(grade(case, extractors[case.kind]) for case in cases))


def print_table(score: Score, title: str, key: Callable[[Case], str]) -> None:
    print(f"\n{title:<20}{'cases':>8}{'right':>8}{'wrong':>8}{'unread':>8}")
    for name in sorted({key(each.case) for each in score.graded}):
        group = Score(tuple(each for each in score.graded if key(each.case) == name))
        counts = (group.total, *(group.count(mark) for mark in MARKS))
        print(f"{name:<20}" + "".join(f"{count:>8}" for count in counts))


def print_failure(failed: Graded) -> None:
    case = failed.case
    cut = "" if case.complete else ", cut off"
    print(f"\n--- {case.id} ({case.kind}, {case.lang}{cut}): {failed.mark}")
    print(case.text)
    print(f">>> read {failed.read!r}; {failed.why or f'stated is {case.answer!r}'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("-v", "--verbose", action="store_true", help="show every failure")
    options = parser.parse_args()
    cases = [case for path in options.files for case in load(path)]
    score = grade_all(cases)
    if options.verbose:
        for failed in score.failures:
            print_failure(failed)
    print_table(score, "kind", lambda case: case.base)
    print_table(score, "fault", lambda case: case.fault)
    print_table(score, "language", lambda case: case.lang)
    shares = ", ".join(
        f"{score.count(mark)} {mark} ({100 * score.share(mark):.1f}%)" for mark in MARKS
    )
    print(f"\n{score.total} cases: {shares}")


if __name__ == "__main__":
    main()
