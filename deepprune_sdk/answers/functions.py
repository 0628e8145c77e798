"""Answers by functions of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from deepprune_sdk.answers.plain import plain
from deepprune_sdk.errors import ConfigurationError

__all__ = ["FunctionAnswers"]


class FunctionAnswers:
    r"""Answers by a function of your own, for tasks that no general rule reads.

    ```python
    def label(text: str) -> str | None:
        found = re.search(r"LABEL: (\w+)[.\n]", text)
        return found and found[1]

    FunctionAnswers(lambda text: text.rpartition("LABEL:")[2], incomplete=label, probe="\nLABEL: ")
    ```

    The first function alone serves methods that let traces end, or close them unread. `incomplete`
    and `probe` are for `StopAtAnswer`, `ParallelProbe` and `ProbeJudge`, and give an answer to a
    trace that was closed after it had stated one.

    An exception in a function costs its trace the ballot; a warning of the result counts them.

    Attributes:
        probe: What follows the text of a trace that is asked for its answer so far, or None.
        instruction: What the prompt is to say about the answer's form, or None.
    """

    __slots__ = ("_equivalent", "_extract", "_incomplete", "instruction", "probe")

    def __init__(
        self,
        extract: Callable[[str], str | None],
        equivalent: Callable[[str, str], bool] | None = None,
        *,
        incomplete: Callable[[str], str | None] | None = None,
        probe: str | None = None,
        instruction: str | None = None,
    ) -> None:
        """Keep the functions.

        Args:
            extract: From a text to the answer in it; None, or a blank string, is not an answer.
            equivalent: Whether two answers are the same; None compares their words, as
                `TextAnswers` does: `3.10` is not `3.1`, and `Answers().equivalent` compares values.
                It should be an equivalence relation: votes group answers by it.
            incomplete: The same for texts that the model has not ended; it must tell an answer that
                is stated and complete from one on the way. May be `extract` itself where that can
                tell. None: such texts have no answer.
            probe: What follows a trace's text to ask for its answer so far; `incomplete` is then
                given this and the few tokens that the model continues it by. None: never asked.
            instruction: What is added to the prompt, on a line of its own, so that traces state
                their answer as `extract` reads it. None adds nothing.

        Raises:
            ConfigurationError: There is a probe, and nothing that reads what is said to it.
        """
        if probe is not None and incomplete is None:
            raise ConfigurationError(
                f"FunctionAnswers(probe={probe!r}): what the model says to it is cut short; give "
                "incomplete=, which reads that"
            )
        self._extract = extract
        self._equivalent = equivalent
        self._incomplete = incomplete
        self.probe: str | None = probe
        self.instruction: str | None = instruction

    @property
    def reads_incomplete(self) -> bool:
        """Whether a function for texts that the model has not ended was given."""
        return self._incomplete is not None

    def extract(self, text: str, *, complete: bool) -> str | None:
        """Ask the function for finished texts, or the one for those that are not.

        Raises:
            TypeError: The function returned something other than a string or None.
        """
        function = self._extract if complete else self._incomplete
        if function is None:
            return None
        answer = cast("object", function(text))  # a user's function may break its word
        if answer is None:
            return None
        if not isinstance(answer, str):
            message = f"the answer function must return a string or None, not {answer!r}"
            raise TypeError(message)
        return answer.strip() or None

    def equivalent(self, left: str, right: str) -> bool:
        """Ask the function, or compare the words."""
        if self._equivalent is not None:
            return self._equivalent(left, right)
        return plain(left) == plain(right)
