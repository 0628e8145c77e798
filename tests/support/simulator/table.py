"""Write the table of faults: `python tests/support/simulator/table.py docs/faults.md`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import anyio

from support.simulator.faults import FAULTS
from support.simulator.server import simulator
from support.simulator.trial import Trial, attempt

INTRODUCTION = """\
# Faults, and what becomes of them

Every row is one run of 16 traces against a simulated provider: a real HTTP server on the loopback
interface that replays recorded traces, misbehaves as the row says, and keeps the books of a real
server. A policy closes some traces early, so that there are finished, closed and failed ones.
`make faults` writes this page anew ({rows} faults); `make test` runs every row with fewer traces
and holds it to its expectation, `make soak` with all 16.

*Failed* are traces, of 16. The answer is *right* where it is the vote over the texts that arrived,
by the recording. *Finished* and *closed* are generated tokens, as the simulator bills them and as
the result reports them; failed traces are among the closed. For those the bill is ahead by what was
generated while the client left: the tokens *in flight*, which had not been handed on when the
stream was closed. *Estimated* figures were counted here, because the server's own were missing or
absurd, by a tokenizer that is not the model's.

| the server | failed | answer | finished: billed, reported | closed: same | in flight | said |
|---|---|---|---|---|---|---|
"""


def row(trial: Trial) -> str:
    """One line of the table."""
    fault, result = trial.fault, trial.result
    told = str(trial.error) if trial.error else next(iter(trial.failed), "")
    told = told.replace("|", "\\|").replace("http://127.0.0.1:", "http://server:")
    told = told if len(told) <= 110 else f"{told[:107]}..."
    if trial.error is not None or result is None:
        cells = ["all", "none: the run raises", "-", "-", "-"]
    else:
        finished = " (estimated)" if fault.usage == "counted" else ""
        closed = "" if fault.usage == "server" else " (estimated)"
        verdict = "right" if trial.right else f"WRONG: {result.answer}"
        cells = [
            str(len(trial.failed)),
            verdict,
            "{} / {}".format(*trial.finished) + finished,
            "{} / {}".format(*trial.closed) + (closed if fault.closes else " (bills on)"),
            str(trial.in_flight) if fault.closes else "-",
        ]
    name = type(trial.error).__name__ + ": " if trial.error else ""
    said = f"`{name}{told}`" if told else ""
    return f"| {fault.does.replace('|', '/')} | {' | '.join(cells)} | {said} |\n"


async def main(path: str) -> None:
    """Try every fault and write the page."""
    lines = [INTRODUCTION.format(rows=len(FAULTS) - 1)]
    with simulator() as server:
        port = server.url.split(":")[2].removesuffix("/v1")
        for fault in FAULTS:
            trial = await attempt(fault, server)
            lines.append(row(trial).replace(f"server:{port}", "server"))
    Path(path).write_text("".join(lines), encoding="utf-8")  # noqa: ASYNC240  nothing else runs


if __name__ == "__main__":
    anyio.run(main, sys.argv[1])
