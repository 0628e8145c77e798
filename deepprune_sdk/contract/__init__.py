"""What every judge and every backend must do, as functions for anyone's tests.

They raise `AssertionError` with a clear text, need no test framework, and run on asyncio and trio::

    async def test_my_judge() -> None:
        await check_judge(MyJudge())
"""

from deepprune_sdk.contract.backend import check_backend
from deepprune_sdk.contract.judge import HOSTILE, check_judge

__all__ = ["HOSTILE", "check_backend", "check_judge"]
