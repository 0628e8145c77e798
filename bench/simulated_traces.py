"""Traces of simulated solvers, to teach a judge to compare: every problem has numbers of its own.

    python bench/simulated_traces.py 400 8 > simulated.jsonl

A problem is a chain of operations. A solver follows it in wording of its own and slips at times, by
a wrong result, a wrong operation or a step that it leaves out; solvers of one problem share their
slips now and then. So nothing but what two traces compute says whether they end alike: no problem
comes twice, and all problems agree about as often.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from random import Random

from deepprune_sdk.recording import RecordedTrace
from deepprune_sdk.recording.format import to_line

NAMES = ("Ana", "Ben", "Chidi", "Dina", "Emre", "Fatou", "Goran", "Hana", "Ivo", "Jun")
THINGS = ("apples", "marbles", "stickers", "coins", "shells", "cards", "pencils", "buttons")
SIGNS = {"+": ("+",), "-": ("-",), "*": ("*", "x", "\\times")}
ASKED = {
    "+": ("then gets {} more", "then finds another {}", "then buys {} more"),
    "-": ("then gives {} away", "then loses {}", "then sells {}"),
    "*": ("then has {} times as many", "then multiplies them by {}"),
}
TOLD = {
    "+": ("adding {}", "after {} more", "with the {} that come", "next we add {}"),
    "-": ("taking {} away", "without the {}", "after {} are gone", "next we subtract {}"),
    "*": ("times {}", "multiplied by {}", "taking {} of each", "next we multiply by {}"),
}
STYLES = (
    "{told}: {left} {sign} {right} = {result}.",
    "{told}, which is {left} {sign} {right} = {result} {thing}.",
    "\\[ {left} {sign} {right} = {result} \\] {told}.",
    "{told} makes {result}, since {left} {sign} {right} = {result}.",
    "**{told}** gives {left} {sign} {right} = {result}.",
)
OPENINGS = (
    "{name} starts with {first} {thing}.",
    "Let's begin: {first} {thing}.",
    "To solve this, we follow {name} step by step, from {first}.",
    "First, there are {first} {thing}.",
)


@dataclass(frozen=True)
class Step:
    operation: str
    number: int
    off: int = 0


def compute(value: int, step: Step) -> int:
    match step.operation:
        case "+":
            return value + step.number + step.off
        case "-":
            return value - step.number + step.off
        case _:
            return value * step.number + step.off


def chain(draw: Random) -> list[Step]:
    steps: list[Step] = []
    for _ in range(draw.choice((2, 3, 3, 4))):
        operation = draw.choice("+-*")
        number = draw.randint(2, 6) if operation == "*" else draw.randint(3, 30)
        steps.append(Step(operation, number))
    return steps


def slipped(draw: Random, steps: list[Step]) -> list[Step]:
    """Return the chain with one fault in it."""
    at = draw.randrange(len(steps))
    right = steps[at]
    match draw.randrange(3):
        case 0:
            wrong = [Step(right.operation, right.number, draw.choice((-10, -2, -1, 1, 2, 10)))]
        case 1:
            other = draw.choice([sign for sign in "+-*" if sign != right.operation])
            wrong = [Step(other, right.number)]
        case _:
            wrong = []
    return [*steps[:at], *wrong, *steps[at + 1 :]]


def trace(draw: Random, first: int, steps: list[Step], name: str, thing: str) -> str:
    value = first
    said = [draw.choice(OPENINGS).format(name=name, first=first, thing=thing)]
    style = draw.choice(STYLES)
    for step in steps:
        result = compute(value, step)
        told = draw.choice(TOLD[step.operation]).format(step.number)
        if draw.random() < 0.3:
            style = draw.choice(STYLES)
        sentence = style.format(
            told=told,
            left=value,
            sign=draw.choice(SIGNS[step.operation]),
            right=step.number,
            result=result,
            thing=thing,
        )
        said.append(sentence[0].upper() + sentence[1:])
        value = result
    return " ".join(said) + f" The final answer is \\boxed{{{value}}}."


def main() -> int:
    problems, traces = int(sys.argv[1]), int(sys.argv[2])
    draw = Random(0)
    for number in range(problems):
        name, thing, first = draw.choice(NAMES), draw.choice(THINGS), draw.randint(4, 40)
        steps = chain(draw)
        happens = ", ".join(
            draw.choice(ASKED[step.operation]).format(step.number) for step in steps
        )
        ways = [steps, slipped(draw, steps), slipped(draw, steps)]
        for index in range(traces):
            way = draw.choices([*ways, slipped(draw, steps)], (4, 2, 1, 1))[0]
            text = trace(draw, first, way, name, thing)
            record = RecordedTrace(
                problem=f"chain-{number}",
                question=f"{name} has {first} {thing}, {happens}. How many {thing} is that now?",
                model="simulated",
                trace=index,
                pieces=tuple(re.findall(r" ?(?:\d|[^\W\d]+|[^\w\s]+)|\s", text)),
                finish="stop",
            )
            sys.stdout.buffer.write(to_line(record))
    return 0


if __name__ == "__main__":
    sys.exit(main())
