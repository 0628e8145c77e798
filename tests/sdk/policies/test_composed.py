"""Composed: several policies at work in one run."""

from __future__ import annotations

from deepprune_sdk.policies import Composed, FullSampling, PolicyState, RunSetup, StopAtAnswer


def test_whatever_a_state_is_asked_all_of_them_are_asked() -> None:
    """A question that a composed state left to the defaults would not reach its parts."""
    state = Composed(FullSampling(), StopAtAnswer()).begin(RunSetup(n=2, seed=0, question="?"))

    questions = {name for name in vars(PolicyState) if not name.startswith("_")}

    assert len(questions) >= 9
    assert questions - vars(type(state)).keys() == set()
