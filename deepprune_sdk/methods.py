"""The tables of methods, judges and kinds of answers: whatever knows one by name reads it here.

To add a method, write one file in `policies/` and one row in this table:

- The file is named after the method: `stop-at-answer` lies in `policies/stop_at_answer.py`. It
  holds a `Config` with `name: Literal["stop-at-answer"] = "stop-at-answer"` and a `begin`.
- The row names that class and says in a line what it does.

From the row follow `method("NAME:key=value")`, `--method` and its help in `solve` and `bench`,
`deepprune methods`, the methods that `bench` tries by default, `+NAME` where it may be added to
another method, the format in which run logs and recordings name a policy, and the checks that the
tests make of every method.

A judge of the core is one file in `judges/`, named after it, and one row of the second table: then
`judge="NAME"` and `--judge NAME` know it. One that takes settings reads them in a class method,
`by_name`, as `LearnedJudge` does.

A kind of answers is one class in `answers/`, public there, and one row of the third table: then
`as_extractor("NAME")` and `deepprune answers` know it. One that takes settings reads what follows
its colon in a class method, `by_name`.

A row is text and imports nothing. So the help of a command answers before any policy is loaded
(which takes up to half a second), no policy is loaded that nobody asks for, and one
that is made of others cannot close a circle of imports.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ANSWERS", "DEFAULT_METHOD", "JUDGES", "METHODS", "AnswersRow", "JudgeRow", "Row"]

DEFAULT_METHOD = "deepprune-settled"
"""The method of a run where none is given.

It is `DeepPrune` ended by `SettledVote`, as `cons-settled` is cons@n ended by it. The bare word
`deepprune` is left to the paper's method, so that figures of the two cannot be taken for one
another.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One method, of either kind: a policy of its own, or others with settings.

    Attributes:
        name: What users, files and results call it.
        help: What it does, in one line.
        policy: The class of a policy, which lies in the file that is named after the method.
        parts: What a method is made of, as a user would type it: `waves:width=1+settled`.
        added: Whether it may be added to another method by `+`. All others are methods of their
            own, of which a run has one.
        needs: Settings that it cannot be without, with examples of their values.
    """

    name: str
    help: str
    policy: str = ""
    parts: str = ""
    added: bool = False
    needs: str = ""

    @property
    def ready(self) -> bool:
        """Whether the name alone is a method."""
        return not self.added and not self.needs


METHODS: dict[str, Row] = {
    row.name: row
    for row in (
        Row(
            name="cons",
            policy="FullSampling",
            help="n full traces and their majority (self-consistency, cons@n)",
        ),
        Row(
            name="cons-settled",
            parts="cons+settled",
            help="cons, ended once nothing that is still open can turn the vote",
        ),
        Row(
            name="deepprune-settled",
            parts="deepprune:tau=0.98"
            "+settled:confidence=0.95,of=full-vote,lookahead=1.5,count_imputed=true",
            help="starts traces as the vote needs them, closes those that a very sure judge calls "
            "redundant, ends once the full vote would hardly differ",
        ),
        Row(
            name="deepprune",
            policy="DeepPrune",
            help="closes traces that a judge expects to end in an answer already on its way, by "
            "online greedy clustering (arXiv 2510.08483)",
        ),
        Row(
            name="deepprune-paper",
            parts="deepprune:checkpoints=500,finish=largest,vote=survivors",
            help="deepprune with the paper's values: one comparison after 500 tokens, then "
            "only the largest cluster finishes and votes",
        ),
        Row(
            name="deepconf",
            policy="DeepConf",
            needs="kept=0.5",
            help="closes traces whose confidence falls under the warm-up's (arXiv 2508.15260)",
        ),
        Row(
            name="deepconf-low",
            parts="deepconf:kept=0.1",
            help="deepconf that keeps the most confident 10%: the fewest tokens",
        ),
        Row(
            name="deepconf-high",
            parts="deepconf:kept=0.9",
            help="deepconf that keeps 90%: closest to the full vote",
        ),
        Row(
            name="adaptive-consistency",
            parts="waves:width=1+settled:confidence=0.95",
            help="one trace after another until the Beta rule is 95% sure (arXiv 2305.11860)",
        ),
        Row(
            name="esc",
            policy="UnanimousWindow",
            help="windows of traces, one after another, until one is unanimous (arXiv 2401.10480)",
        ),
        Row(
            name="parallel-probe",
            policy="ParallelProbe",
            help="asks live traces for their answer so far, ends when the leader is stable "
            "(arXiv 2602.03845)",
        ),
        Row(
            name="close-loops",
            policy="CloseLoops",
            added=True,
            help="closes a trace that repeats the same few lines; live runs do so by default",
        ),
        Row(
            name="deadline",
            policy="Deadline",
            added=True,
            needs="seconds=60",
            help="ends the run after so many seconds",
        ),
        Row(
            name="money-budget",
            policy="MoneyBudget",
            added=True,
            needs="run=0.5,price=0.15/0.6",
            help="ends the run once its traces have cost so much, at a price for a million tokens "
            "read and written",
        ),
        Row(
            name="settled",
            policy="SettledVote",
            added=True,
            help="ends the run once its vote is settled; may start traces as the vote needs them",
        ),
        Row(
            name="stop-at-answer",
            policy="StopAtAnswer",
            added=True,
            help="closes a trace once its answer is complete, without its closing words",
        ),
        Row(
            name="stop-unread",
            policy="StopUnread",
            added=True,
            help="ends a run none of whose first ended traces has a readable answer; live runs do "
            "so by default",
        ),
        Row(
            name="token-budget",
            policy="TokenBudget",
            added=True,
            needs="run=100000",
            help="ends the run, or a trace, after so many tokens",
        ),
        Row(
            name="waves",
            policy="Waves",
            added=True,
            help="starts so many traces at a time, the next ones once those are over",
        ),
    )
}
"""Rows by name, in the order in which they are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRow:
    """One judge that needs nothing but the core.

    Attributes:
        name: What users, files and results call it.
        judge: Its class, which lies in the file of `judges/` that is named after it.
    """

    name: str
    judge: str


JUDGES: dict[str, JudgeRow] = {
    row.name: row for row in (JudgeRow(name="learned", judge="LearnedJudge"),)
}
"""Judges by name. One that asks a model needs a server or a runtime, and is given as an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersRow:
    """One kind of answers.

    Attributes:
        name: What users, files and results call it.
        help: What it reads, in one line.
        extractor: Its class, as `deepprune_sdk.answers` has it.
        example: How it is given, with settings where it takes some.
    """

    name: str
    help: str
    extractor: str
    example: str


ANSWERS: dict[str, AnswersRow] = {
    row.name: row
    for row in (
        AnswersRow(
            name="auto",
            extractor="AutoAnswers",
            help="what the traces themselves show to be their kind of answer",
            example="auto",
        ),
        AnswersRow(
            name="math",
            extractor="Answers",
            help="numbers, formulas and letters, boxed or stated; compared by their values",
            example="math",
        ),
        AnswersRow(
            name="choice",
            extractor="ChoiceAnswers",
            help="one of a few labels: letters, or the words given",
            example="choice:positive|negative|neutral",
        ),
        AnswersRow(
            name="number",
            extractor="NumberAnswers",
            help="one number, with or without its unit",
            example="number",
        ),
        AnswersRow(
            name="text",
            extractor="TextAnswers",
            help="a short text such as a city; case, markup and final punctuation do not count",
            example="text",
        ),
        AnswersRow(
            name="json",
            extractor="JsonAnswers",
            help="a JSON object, compared by its types; on some fields, or field by field",
            example="json:fields=city/country,ignore=reason,by_field=true",
        ),
        AnswersRow(
            name="tool",
            extractor="ToolAnswers",
            help="tool calls, in any order: names and arguments",
            example="tool:ignore=request_id",
        ),
        AnswersRow(
            name="code",
            extractor="CodeAnswers",
            help="the last fenced code block; blank lines and line ends do not count",
            example="code",
        ),
        AnswersRow(
            name="regex",
            extractor="RegexAnswers",
            help="the last match of a pattern: its group `answer`, or the first one",
            example=r"regex:LABEL: (\w+)",
        ),
    )
}
"""Kinds by name, in the order in which they are listed."""
