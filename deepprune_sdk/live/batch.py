"""Many prompts, some at a time, of which nothing that was found is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import anyio

from deepprune_sdk.data.messages import Prompt
from deepprune_sdk.errors import BatchError, DeepPruneError
from deepprune_sdk.live.run import first_error, keep_partial
from deepprune_sdk.results.result import Result

__all__ = ["solve_all"]


async def solve_all(
    solve: Callable[[Prompt], Awaitable[Result]], prompts: Sequence[Prompt], concurrency: int
) -> list[Result]:
    """Solve each prompt in its turn, at most `concurrency` of them at a time.

    Whatever is raised has as `partial` one result per prompt: of a prompt that was not answered
    what its run had found, or None.

    Raises:
        BatchError: Some prompts failed by an error of the SDK, once all have been tried.
        Exception: What a user's own part raised, which ends the batch.
    """
    results: list[Result | None] = [None] * len(prompts)
    found: list[Result | None] = [None] * len(prompts)
    errors: dict[int, DeepPruneError] = {}
    turns = iter(enumerate(prompts))

    async def work() -> None:
        for position, prompt in turns:
            try:
                results[position] = found[position] = await solve(prompt)
            except BaseException as error:
                found[position] = getattr(error, "partial", None)
                if not isinstance(error, DeepPruneError):
                    raise
                errors[position] = error

    try:
        async with anyio.create_task_group() as group:
            for _ in range(min(concurrency, len(prompts))):
                group.start_soon(work)
    except BaseException as raised:
        # What a user's own part raised, out of its group, or the caller's cancellation.
        error = first_error(raised) if isinstance(raised, Exception) else raised
        keep_partial(error, found)
        raise error from None
    if errors:
        raise BatchError(results, dict(sorted(errors.items())), found) from errors[min(errors)]
    return [result for result in results if result is not None]
