"""For your own tests: backends and judges that follow a script, and checks of your own parts.

`check_judge`, `check_backend` and `check_policy` check a judge, a backend or a policy of your own
against what the SDK relies on. They raise `AssertionError` with a clear text, need no test
framework, and run on asyncio and trio; a policy never waits, so neither does its check.

```python
async def test_my_judge() -> None:
    await check_judge(MyJudge())


def test_my_policy() -> None:
    check_policy(MyPolicy())
```
"""

from deepprune_sdk.testing.backend_contract import check_backend
from deepprune_sdk.testing.judge_contract import HOSTILE, check_judge
from deepprune_sdk.testing.policy_contract import check_policy
from deepprune_sdk.testing.scripted import Script, ScriptedBackend, ScriptedJudge

__all__ = [
    "HOSTILE",
    "Script",
    "ScriptedBackend",
    "ScriptedJudge",
    "check_backend",
    "check_judge",
    "check_policy",
]
