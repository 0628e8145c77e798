"""The watchdog of the tests says what is stuck."""

import anyio
import pytest
from support.watchdog import all_together

from deepprune_sdk.loops import Flag


async def waits_for(flag: Flag) -> None:
    await flag.wait()


def test_what_is_stuck_is_named_with_its_stack() -> None:
    flag = Flag()
    with pytest.raises(pytest.fail.Exception) as caught:
        all_together(lambda: anyio.run(waits_for, flag), lambda: None, within=0.5)
    flag.set()  # the thread ends
    said = str(caught.value)
    assert "stuck after 0.5 s: use 0" in said
    assert "thread use 0" in said
    assert "coroutine waits_for" in said
    assert "in waits_for" in said
    assert "in wait" in said


def test_an_error_in_any_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        all_together(lambda: None, lambda: 1 // 0)
