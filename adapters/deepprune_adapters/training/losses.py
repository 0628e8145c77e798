"""Focal loss (Lin et al., arXiv 1708.02002, eq. 5), which DeepPrune's judge is trained with."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

__all__ = ["IGNORED", "focal_loss", "judge_loss"]

IGNORED: Final = -100
"""Target of a position that has no part in a loss, as everywhere in torch."""


def focal_loss(logits: Any, targets: Any, *, gamma: float, weights: Any | None = None) -> Any:
    """Return the focal loss of each target, `-weight * (1 - p)^gamma * log p`.

    p is the probability of the target. At gamma = 0 and without weights it is the cross-entropy.

    Args:
        logits: Float tensor, shape (..., classes): classes of a head, or a vocabulary's tokens.
        targets: Integer tensor, shape (...); `IGNORED` gives 0.
        gamma: How little what is already easy counts; 0 or more.
        weights: Float tensor, shape (...), or None: alpha or 1 - alpha, by class.

    Returns:
        Float tensor, shape (...).
    """
    torch: Any = import_module("torch")
    held = targets != IGNORED
    logprobs = torch.log_softmax(logits.float(), dim=-1)
    chosen = logprobs.gather(-1, targets.where(held, 0).unsqueeze(-1)).squeeze(-1)
    loss = -chosen
    if gamma:
        # 1 - p without cancellation; a power below 1 has no slope at 0.
        missing = (-torch.expm1(chosen)).clamp_min(torch.finfo(chosen.dtype).tiny)
        loss = missing.pow(gamma) * loss
    if weights is not None:
        loss = weights * loss
    return loss.where(held, 0.0)


def judge_loss(
    *, gamma: float, alpha: float | None, rare: int, generates: bool
) -> Callable[..., Any]:
    """Return the loss of a batch, as `Trainer(compute_loss_func=...)` wants it.

    Args:
        gamma: Of `focal_loss`.
        alpha: Weight of the rarer class; the other has 1 - alpha. None weighs both alike.
        rare: The rarer class: its number, or the first token of its label.
        generates: Whether labels are tokens that are generated, and not classes.
    """

    def loss(outputs: Any, labels: Any, num_items_in_batch: Any | None = None) -> Any:
        logits = outputs.logits
        if generates:
            # The token at a position is predicted at the one before it.
            logits, labels = logits[:, -labels.shape[1] :][:, :-1], labels[:, 1:]
            first = first_labels(labels)
        else:
            first = labels
        weights = None
        if alpha is not None:
            weights = (first == rare).float() * (2.0 * alpha - 1.0) + (1.0 - alpha)
            weights = weights.unsqueeze(-1) if generates else weights
        total = focal_loss(logits, labels, gamma=gamma, weights=weights).sum()
        items = (labels != IGNORED).sum() if num_items_in_batch is None else num_items_in_batch
        return total / items

    return loss


def first_labels(labels: Any) -> Any:
    """Return the first token of each row's label, shape (rows, columns) -> (rows,)."""
    begins = (labels != IGNORED).int().argmax(dim=1, keepdim=True)
    return labels.gather(1, begins).squeeze(1)
