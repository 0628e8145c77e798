"""Options that several commands share, each said once: single ones, and groups with their use.

Before a command runs, nothing here loads more of the SDK than the table of methods, so that --help
and a misspelt option answer at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepprune_adapters.cli.choose import (
    BACKENDS,
    JUDGES,
    Wanted,
    choose_backend,
    default_max_tokens,
    named,
)
from deepprune_adapters.cli.files import require_writable, write_file

if TYPE_CHECKING:
    from deepprune_adapters.cli.choose import Offer
    from deepprune_sdk import Sampling

__all__ = [
    "AnswersOption",
    "CapOption",
    "CheckpointsOption",
    "DrawSizeOption",
    "DropSmallOption",
    "JsonOption",
    "JudgeOption",
    "Outputs",
    "RepeatsOption",
    "SeedOption",
    "Source",
    "SystemOption",
    "Target",
]

# --- single options, with another default in each command -----------------------------------------

JudgeOption = Annotated[
    str,
    typer.Option(
        "--judge",
        metavar="|".join(JUDGES),
        help="Who says which traces are redundant; learned:prior=0.6 tells it the share of "
        "pairs of traces that agree.",
    ),
]
CheckpointsOption = Annotated[
    str,
    typer.Option(
        "--checkpoints",
        metavar="K,...",
        help="Where traces are compared: tokens or, below 1, a fraction of the problem's median "
        "length.",
    ),
]
CapOption = Annotated[
    int,
    typer.Option("--cap", min=1, metavar="N", help="Most pairs per problem, model and checkpoint."),
]
DrawSizeOption = Annotated[
    int, typer.Option("-n", "--n", min=1, metavar="N", help="Traces per draw.")
]
RepeatsOption = Annotated[
    int,
    typer.Option(
        "--repeats", min=1, metavar="N", help="Draws per problem, each without replacement."
    ),
]
SeedOption = Annotated[
    int,
    typer.Option(
        "--seed", metavar="N", help="Seed of all that is drawn; the same seed, the same bytes."
    ),
]
AnswersOption = Annotated[
    str | None,
    typer.Option(
        "--answers",
        metavar="KIND[:...]",
        help="How final answers are stated and compared, such as math, text, choice:yes|no or "
        "json:fields=city; the list: deepprune answers.",
        show_default="auto: as the traces show",
    ),
]
DropSmallOption = Annotated[
    bool,
    typer.Option("--drop-small", help="Leave out problems with fewer than n recorded traces."),
]
SystemOption = Annotated[
    str | None,
    typer.Option("--system", metavar="TEXT", help="A system prompt.", show_default=False),
]
JsonOption = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help="Write the figures as JSON.", show_default=False),
]


# --- groups ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who is asked: a model in this process, or one on a server."""

    backend: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(BACKENDS),
            help="Where traces come from: a model in this process, or a server. "
            "By default openai with --base-url, the name of a hosted --model, OPENAI_BASE_URL or "
            "OPENAI_MODEL, else llama.",
            show_default=False,
        ),
    ] = None
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE.gguf",
            help="A hosted model's name, or a GGUF file; by default OPENAI_MODEL for a server, "
            "else the small embedded model.",
            show_default=False,
        ),
    ] = None
    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="An OpenAI-compatible server, such as http://localhost:8000/v1; by default "
            "OPENAI_BASE_URL or OpenAI itself. The key is OPENAI_API_KEY.",
            show_default=False,
        ),
    ] = None
    idle_timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Silence of a server after which a trace is given up; by default 60.",
            show_default=False,
        ),
    ] = None

    @property
    def chosen(self) -> str:
        """Name of the backend that the options mean."""
        return choose_backend(self.backend, self.model, self.base_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Target):
    """Where traces come from, and how they are sampled."""

    max_tokens: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Most tokens per trace; by default 512 with llama, else the server's limit.",
            show_default=False,
        ),
    ] = None
    temperature: Annotated[float, typer.Option(metavar="T", help="Sampling temperature.")] = 0.8

    def sampling(
        self, *, seed: int | None, top_p: float | None = None, top_logprobs: int = 0
    ) -> Sampling:
        """Return how traces are sampled.

        Raises:
            ConfigurationError: A value is out of its range.
        """
        from deepprune_sdk import Sampling

        return Sampling(
            temperature=self.temperature,
            top_p=top_p,
            max_tokens=self._limit,
            top_logprobs=top_logprobs,
            seed=seed,
        )

    def offer(self, *, n: int, prompt_bytes: int) -> Offer:
        """Return the backend for `n` traces at once of prompts that are at most so long.

        Raises:
            ConfigurationError: The backend is unknown, or does not go with the other options.
        """
        wanted = Wanted(
            n=n,
            model=self.model,
            base_url=self.base_url,
            idle_timeout=self.idle_timeout,
            max_tokens=self._limit,
            prompt_bytes=prompt_bytes,
        )
        return named("--backend", self.chosen, BACKENDS)(wanted)

    @property
    def _limit(self) -> int | None:
        return default_max_tokens(self.chosen) if self.max_tokens is None else self.max_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Files for the figures of a command, and for their drawing."""

    json: JsonOption = None
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html", help="Draw the figures, as one HTML page.", show_default=False
        ),
    ] = None

    def require(self) -> None:
        """Find out, before minutes of work, whether the files could be made.

        Raises:
            ConfigurationError: One could not be written.
            MissingExtraError: There is a page to draw, and matplotlib is not installed.
        """
        require_writable("--json", self.json)
        require_writable("--report", self.report)
        if self.report is not None:
            from deepprune_adapters.report.charts import require_matplotlib

            require_matplotlib()

    def write(self, figures: str, page: Callable[[], str]) -> None:
        """Write the files that are wanted; a page is drawn only then.

        Raises:
            ConfigurationError: One cannot be written.
        """
        if self.json is not None:
            write_file("--json", self.json, f"{figures}\n")
        if self.report is not None:
            write_file("--report", self.report, page())
