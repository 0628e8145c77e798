"""Adaptive-Consistency's Beta rule: how sure a vote is by its two leading answers.

Only these two are looked at. Call p the probability that a trace which gives one of them gives the
leader. Nothing is known of p at first: every value from 0 to 1 is as likely (the flat prior). After
a ballots for the leader and b for the runner-up it is distributed as Beta(a + 1, b + 1), and two
questions can be asked of that: is p above one half, and who wins once the rest has been counted?
"""

from __future__ import annotations

from math import ceil, exp, lgamma, log

__all__ = ["leader_keeps_lead", "leader_stays_ahead"]


def leader_stays_ahead(leader: float, second: float) -> float:
    """Probability that the leading answer is the more frequent one of the two leading.

    Adaptive-Consistency's Beta rule (arXiv 2305.11860): 1 - I_0.5(a + 1, b + 1), with a and b the
    weights of the leader and of the runner-up, under a flat prior on the leader's share of the two.
    """
    return _incomplete_beta_half(second + 1.0, leader + 1.0)


def leader_keeps_lead(leader: float, second: float, left: int, *, wins_ties: bool = False) -> float:
    """Probability that the leading answer still wins after `left` more ballots of weight 1.

    Each goes to the leader or to the runner-up; the flat prior of the Beta rule makes their number
    for the runner-up Beta-binomial(left, second + 1, leader + 1). With many ballots left this is
    `leader_stays_ahead`.
    """
    # With k of the ballots the runner-up has second + k against leader + left - k, so it draws
    # level at this k. `lost` is the least whole k at which the leader no longer wins.
    level = (leader - second + left) / 2.0
    lost = max(0, int(level) + 1 if wins_ties else ceil(level))
    if lost > left:
        return 1.0
    # The probability of that k, Beta-binomial; by logarithms, as the factors over- and underflow.
    a, b = second + 1.0, leader + 1.0
    term = exp(
        lgamma(left + 1.0)
        - lgamma(lost + 1.0)
        - lgamma(left - lost + 1.0)
        + lgamma(lost + a)
        + lgamma(left - lost + b)
        - lgamma(left + a + b)
        + lgamma(a + b)
        - lgamma(a)
        - lgamma(b)
    )
    # All k from there on: each term is the one before it times a simple ratio.
    total = 0.0
    for ballots in range(lost, left):
        total += term
        term *= (left - ballots) / (ballots + 1.0)
        term *= (ballots + a) / (left - ballots - 1.0 + b)
    return max(0.0, 1.0 - total - term)


def _incomplete_beta_half(a: float, b: float) -> float:
    """Regularised incomplete beta function I_0.5(a, b) for a, b >= 1.

    Sum of the positive series I_x(a, b) = x^a (1-x)^b / (a B(a, b)) * sum of
    (a+b)_k / (a+1)_k x^k, which converges for x = 0.5: the ratio of its terms tends to one half.
    """
    scale = exp(lgamma(a + b) - lgamma(a + 1.0) - lgamma(b) + (a + b) * log(0.5))
    total, term, k = 0.0, 1.0, 0
    while term > total * 1e-17:
        total += term
        term *= 0.5 * (a + b + k) / (a + 1.0 + k)
        k += 1
    return min(1.0, scale * total)
