"""`deepprune doctor`: what is installed, what a server can, and what to do about the rest."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deepprune_adapters.cli.choose import BACKENDS, above_zero, named
from deepprune_adapters.cli.groups import add_command
from deepprune_adapters.cli.options import Target

if TYPE_CHECKING:
    from deepprune_adapters.cli.jobs.findings import Finding

__all__ = ["doctor", "register"]

EXAMPLES: Final = """\b
Examples:
  deepprune doctor
  deepprune doctor --base-url http://localhost:8000/v1 --model MODEL
  deepprune doctor --json | jq '.findings[] | select(.state == "broken")'
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, doctor, epilog=EXAMPLES)


def doctor(
    *,
    target: Target,
    as_json: Annotated[bool, typer.Option("--json", help="All that was found, as JSON.")] = False,
) -> int:
    """Say what is installed, what the model or server can, and what to do about what is missing.

    Takes the options of solve that say who is asked. A server with a model is sent one short
    request, which costs a few tokens; without a server nothing is sent.

    Exit codes: 0 a run can work, 1 it cannot, 2 wrong use.
    """
    import anyio

    from deepprune_adapters.cli.jobs.installed import in_this_process, installed, set_variables

    chosen = target.chosen
    named("--backend", chosen, BACKENDS)
    above_zero("--idle-timeout", target.idle_timeout)
    findings = [*installed(), *set_variables()]
    capabilities = None
    if chosen == "openai":
        import os

        from deepprune_adapters.cli.jobs.examining import examine
        from deepprune_adapters.server import Server

        server = Server(base_url=target.base_url, idle_timeout=target.idle_timeout)
        found = anyio.run(examine, server, target.model or os.environ.get("OPENAI_MODEL"))
        findings += found.findings
        capabilities = found.capabilities
    elif chosen == "llama":
        findings += in_this_process(target.model)
    works = all(finding.state != "broken" for finding in findings)
    if as_json:
        report = {
            "works": works,
            "backend": chosen,
            "capabilities": None if capabilities is None else asdict(capabilities),
            "findings": [asdict(finding) for finding in findings],
        }
        typer.echo(json.dumps(report, indent=1))
    else:
        _print(findings, works)
    return 0 if works else 1


def _print(findings: list[Finding], works: bool) -> None:
    from deepprune_adapters.cli.views.text import clean, say

    signs = {"ok": "ok  ", "note": "-   ", "broken": "!!  "}
    about = ""
    for finding in findings:
        if finding.about != about:
            about = finding.about
            say(sys.stdout, clean(about, 200))
        say(sys.stdout, f"  {signs[finding.state]}{clean(finding.said, 600)}")
        if finding.fix:
            say(sys.stdout, f"      {clean(finding.fix, 300)}")
    end = "a run can work" if works else "no run can work before what is marked !! is set right"
    say(sys.stdout, f"\n{end}")
