"""The curve from cosine to probability of an embedding model, from recorded traces.

A logistic fit in which every problem of a model weighs the same: the `intercept` and `slope` of
`EmbeddingJudge`, whose defaults come from here.

    python bench/embedding_curve.py traces-*.jsonl.gz --model MINILM_DIRECTORY
    python bench/embedding_curve.py traces-*.jsonl.gz --static l2_supercat_256.safetensors
"""

from __future__ import annotations

import argparse
from math import log
from pathlib import Path

import anyio

from deepprune_adapters.cli.recordings import read_checkpoints, read_problems
from deepprune_adapters.judges import EmbeddingJudge
from deepprune_sdk import Answers
from deepprune_sdk.evaluation.judge_quality import pairs_at
from deepprune_sdk.judges.logistic import Row, fit_logistic


def main() -> None:
    """Fit, and print both numbers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("traces", nargs="+", type=Path)
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--model", help="a sentence-transformers model")
    kind.add_argument("--static", help="model2vec's directory, or a file of wordllama")
    parser.add_argument("--tokenizer", help="with --static: the tokenizer's JSON file")
    parser.add_argument("--checkpoints", default="64,128,0.25,0.5,0.75")
    parser.add_argument("--cap", type=int, default=200, help="most pairs a problem and checkpoint")
    options = parser.parse_args()
    # With these two numbers the log-odds are the cosine.
    if options.model is not None:
        judge = EmbeddingJudge.sentence_transformers(options.model, intercept=0.0, slope=1.0)
    else:
        judge = EmbeddingJudge.static(
            options.static, tokenizer=options.tokenizer, intercept=0.0, slope=1.0
        )
    answers = Answers()
    rows: list[Row] = []
    for traces in read_problems(options.traces, None, skip_bad=False).values():
        mine: list[Row] = []
        for point in read_checkpoints(options.checkpoints):
            pairs = pairs_at(traces, point, answers=answers, cap=options.cap, seed=0)
            verdicts = anyio.run(judge.compare, [pair for pair, _ in pairs])
            for verdict, (_, label) in zip(verdicts, pairs, strict=True):
                if verdict.probability is not None:
                    cosine = log(verdict.probability / (1.0 - verdict.probability))
                    mine.append(Row([1.0, cosine], label, 1.0, 0.0))
        rows += [row._replace(weight=1.0 / len(mine)) for row in mine]
    intercept, slope = fit_logistic(rows, 0.0)
    print(f"intercept {intercept:.2f}, slope {slope:.2f} ({len(rows):,} pairs)")


if __name__ == "__main__":
    main()
