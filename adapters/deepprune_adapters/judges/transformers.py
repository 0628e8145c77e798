"""A judge model in this process, by Hugging Face transformers."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from deepprune_adapters.judges.checkpoint import load_checkpoint, same_label
from deepprune_adapters.judges.encoding import PromptEncoder, pad_rows
from deepprune_adapters.judges.prompts import JudgePrompt, default_prompt, is_edge
from deepprune_adapters.judges.worker import Worker
from deepprune_sdk.data import Pair, Usage, Verdict
from deepprune_sdk.data.arguments import as_path, as_whole

__all__ = ["TransformersJudge"]

logger = logging.getLogger(__name__)

EDGES = 2
"""Most blanks or quotes that a model may write before its label."""


class TransformersJudge:
    """Asks a local model for the probability of its label.

    A causal language model is asked as `RemoteJudge` asks a server: the same prompt, and the
    label's first token from one forward pass. A sequence-classification checkpoint gives the
    probability of its class for the same answer.

    Batches are padded and computed in a worker thread, one at a time. Making the judge loads the
    model, which takes seconds: do it before the event loop runs, or in a thread.

    Attributes:
        name: Name for reports: the model's.
        cut: Prefixes that were cut to the model's context so far.
    """

    costs_tokens = True

    def __init__(
        self,
        model: str | Path,
        *,
        prompt: JudgePrompt | None = None,
        both_orders: bool = False,
        device: str | None = None,
        dtype: str | None = None,
        batch_size: int = 8,
        context: int | None = None,
        candidates: int = 20,
        same_label: str | None = None,
        allow_download: bool = False,
    ) -> None:
        """Load the model.

        Args:
            model: A directory, a GGUF file, or a name in the local Hugging Face cache.
            prompt: What the model is asked; None takes the template that a trained directory
                holds, that of DeepPrune's judge for a model whose name says deepprune, else one
                for untuned models.
            both_orders: Ask for both orders of a pair and average them: twice the price.
            device: `cpu`, `cuda`, `cuda:1`, `mps`; None takes the fastest there is.
            dtype: `float32`, `bfloat16`, `float16`, `auto`; None takes float32 on a CPU, else auto.
            batch_size: Most pairs in one forward pass.
            context: Tokens that the model may read; None takes the model's own limit.
            candidates: Tokens among which labels are looked for, the likeliest ones: as many as
                servers give, so that a served model says the same.
            same_label: The classifier's label for the same answer, where its name does not say.
            allow_download: Whether a name may be fetched from the hub.

        Raises:
            MissingExtraError: torch or transformers is not installed (extra `hf`).
            ConfigurationError: There is no judge model there, or a number is too small.
        """
        batch_size = as_whole("TransformersJudge.batch_size", batch_size)
        candidates = as_whole("TransformersJudge.candidates", candidates)
        context = None if context is None else as_whole("TransformersJudge.context", context)
        as_path("TransformersJudge.model", model)
        self.name = Path(model).stem if str(model).endswith(".gguf") else Path(model).name
        self.cut = 0
        self.prompt = prompt or default_prompt(str(model))
        self._loaded = load_checkpoint(
            model, device=device, dtype=dtype, allow_download=allow_download
        )
        self._both_orders = both_orders
        self._batch_size = batch_size
        limits = [limit for limit in (context, self._loaded.context) if limit is not None]
        self._context = min(limits, default=None)
        self._encoder = PromptEncoder(
            self._loaded.tokenizer,
            self.prompt,
            generates=not self._loaded.classifies,
            context=self._context,
        )
        self._candidates = candidates
        self._same_class: int | None = None
        if self._loaded.classifies and len(self._loaded.model.config.id2label) > 1:
            self._same_class = _same_class(self._loaded.model.config.id2label, same_label)
        self._worker = Worker()

    def __repr__(self) -> str:
        return f"TransformersJudge({self.name!r}, device={self._loaded.device!r})"

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch, in a worker thread."""
        if not pairs:
            return []
        if not self._both_orders:
            return await self._worker.run(partial(self._score, list(pairs)))
        swapped = [Pair(question=p.question, left=p.right, right=p.left) for p in pairs]
        both = await self._worker.run(partial(self._score, [*pairs, *swapped]))
        return [_mean(*two) for two in zip(both[: len(pairs)], both[len(pairs) :], strict=True)]

    def _score(self, pairs: Sequence[Pair], stopped: Event) -> list[Verdict]:
        prompts = [self._tokens(pair) for pair in pairs]
        verdicts: list[Verdict] = [Verdict(probability=None)] * len(pairs)
        # Prompts of like length go together, so that little is padded.
        order = sorted(
            (position for position, prompt in enumerate(prompts) if prompt),
            key=lambda position: len(prompts[position]),
        )
        for begin in range(0, len(order), self._batch_size):
            if stopped.is_set():
                break
            batch = order[begin : begin + self._batch_size]
            scores = self._forward([prompts[position] for position in batch])
            for position, probability in zip(batch, scores, strict=True):
                usage = Usage(
                    prompt=len(prompts[position]), generated=0 if self._loaded.classifies else 1
                )
                verdicts[position] = Verdict(probability=probability, usage=usage)
        return verdicts

    def _tokens(self, pair: Pair) -> list[int]:
        """Tokenize a pair's prompt, cut to the context; empty where the traces have no room."""
        ids, cut = self._encoder.encode(pair)
        if cut and not self.cut:
            logger.warning(
                "judge %s: prefixes longer than its context of %d tokens are cut to their first "
                "tokens",
                self.name,
                self._context,
            )
        self.cut += cut
        return ids

    # --- the model --------------------------------------------------------------------------------

    def _forward(self, prompts: Sequence[list[int]]) -> list[float | None]:
        if self._loaded.classifies:
            return self._classified(prompts)
        scores: list[float | None] = [None] * len(prompts)
        waiting = list(range(len(prompts)))
        texts = [list(prompt) for prompt in prompts]
        for _ in range(1 + EDGES):
            candidates = self._likeliest([texts[position] for position in waiting])
            again: list[int] = []
            for position, (best, listed) in zip(waiting, candidates, strict=True):
                if is_edge(self._loaded.tokenizer.decode([best])):
                    texts[position].append(best)
                    again.append(position)
                else:
                    scores[position] = self.prompt.probability(listed)
            if not again:
                break
            waiting = again
        return scores

    def _likeliest(self, prompts: Sequence[list[int]]) -> list[tuple[int, list[tuple[str, float]]]]:
        """Return the likeliest next token of each prompt, and the candidates for it."""
        torch, tokenizer = self._loaded.torch, self._loaded.tokenizer
        with torch.inference_mode():
            logits = self._loaded.model(
                **self._padded(prompts, left=True), **self._options()
            ).logits
            logprobs = torch.log_softmax(logits[:, -1, :].float(), dim=-1)
            top = torch.topk(logprobs, min(self._candidates, logprobs.shape[-1]), dim=-1)
        return [
            (ids[0], [(tokenizer.decode([i]), value) for i, value in zip(ids, values, strict=True)])
            for ids, values in zip(top.indices.tolist(), top.values.tolist(), strict=True)
        ]

    def _classified(self, prompts: Sequence[list[int]]) -> list[float | None]:
        torch = self._loaded.torch
        with torch.inference_mode():
            logits = self._loaded.model(**self._padded(prompts, left=False)).logits.float()
            if self._same_class is None:
                return torch.sigmoid(logits[:, 0]).tolist()
            return torch.softmax(logits, dim=-1)[:, self._same_class].tolist()

    def _options(self) -> dict[str, Any]:
        known = inspect.signature(self._loaded.model.forward).parameters
        wanted = {"logits_to_keep": 1, "use_cache": False}
        return {name: value for name, value in wanted.items() if name in known}

    def _padded(self, prompts: Sequence[list[int]], *, left: bool) -> dict[str, Any]:
        """Pad a batch, a language model's on the left, where no token follows it."""
        torch, loaded = self._loaded.torch, self._loaded
        rows, masks = pad_rows(prompts, loaded.tokenizer.pad_token_id or 0, left=left)
        inputs = {
            "input_ids": torch.tensor(rows, device=loaded.device),
            "attention_mask": torch.tensor(masks, device=loaded.device),
        }
        if left and "position_ids" in inspect.signature(loaded.model.forward).parameters:
            mask = inputs["attention_mask"]
            inputs["position_ids"] = (mask.cumsum(dim=-1) - 1).clamp(min=0)
        return inputs


def _same_class(labels: Mapping[Any, Any], named: str | None) -> int:
    return same_label({int(index): str(label) for index, label in labels.items()}, named)


def _mean(one: Verdict, other: Verdict) -> Verdict:
    scored = [p for p in (one.probability, other.probability) if p is not None]
    mean = sum(scored) / len(scored) if scored else None
    return Verdict(probability=mean, usage=one.usage + other.usage)
