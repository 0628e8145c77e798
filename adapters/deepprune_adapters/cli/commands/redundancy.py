"""`deepprune redundancy`: how much of one's own traces is redundant, and how early it shows."""

from __future__ import annotations

from typing import Final

import typer

from deepprune_adapters.cli.files import require_writable, write_file
from deepprune_adapters.cli.groups import add_command
from deepprune_adapters.cli.options import JsonOption
from deepprune_adapters.cli.recordings import Recordings, no_trace, tell_faults

__all__ = ["redundancy", "register"]

EXAMPLES: Final = """\b
Examples:
  deepprune redundancy traces.jsonl.gz
  deepprune redundancy theirs.jsonl --map question=prompt --map traces=samples[].text
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, redundancy, epilog=EXAMPLES)


def redundancy(*, recordings: Recordings, as_json: JsonOption = None) -> int:
    """Measure how redundant TRACES are: same-answer pairs, diversity, how early answers appear.

    A pair is two traces of one model and problem that both have an answer.
    mentioned: where the text of a trace's answer first stands in it.
    stated: where a trace first commits to an answer. Both as a share of its tokens, the median.
    """
    from deepprune_adapters.cli.views.redundancy_table import print_redundancy
    from deepprune_sdk.evaluation.redundancy import study_redundancy

    answers = recordings.extractor()
    require_writable("--json", as_json)
    reader = recordings.reader()
    report = study_redundancy(reader, answers=answers)
    if not report.problems:
        tell_faults(reader)
        raise no_trace(recordings.traces)
    if as_json is not None:
        write_file("--json", as_json, report.model_dump_json(indent=1) + "\n")
    print_redundancy(report)
    tell_faults(reader)
    return 0
