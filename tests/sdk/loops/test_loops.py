"""Limits and waits over several event loops and threads."""

import asyncio
import gc
from threading import Semaphore

import anyio
import anyio.to_thread
import pytest
from support.watchdog import all_together

from deepprune_sdk.live.throttle import Throttle
from deepprune_sdk.loops import Flag, Gate

BOTH = ("asyncio", "trio")


@pytest.mark.parametrize("backend", BOTH)
def test_a_gate_counts_what_all_loops_hold_and_serves_in_order(backend: str) -> None:
    gate = Gate(4)
    inside = most = 0

    async def use(places: int) -> None:
        nonlocal inside, most
        async with gate.hold(places):
            inside += places
            most = max(most, inside)
            await anyio.lowlevel.checkpoint()
            inside -= places

    async def many() -> None:
        async with anyio.create_task_group() as tasks:
            for places in (1, 4, 2, 1, 3, 1):
                tasks.start_soon(use, places)

    def in_a_loop(library: str) -> None:
        for _ in range(20):
            anyio.run(many, backend=library)

    all_together(*[lambda b=b: in_a_loop(b) for b in (backend, *BOTH, *BOTH)])
    assert inside == 0
    assert 0 < most <= 4

    async def take_all() -> None:
        with anyio.fail_after(5):
            async with gate.hold(4):  # everything was given back
                pass

    anyio.run(take_all, backend=backend)


@pytest.mark.parametrize("backend", BOTH)
def test_who_gives_up_in_the_queue_of_a_gate_lets_the_next_one_in(backend: str) -> None:
    async def main() -> None:
        gate, entered = Gate(2), anyio.Event()

        async def wait(scope: anyio.CancelScope, places: int) -> None:
            with scope:
                async with gate.hold(places):
                    entered.set()

        async with anyio.create_task_group() as tasks:
            first, second = anyio.CancelScope(), anyio.CancelScope()
            async with gate.hold(1):
                tasks.start_soon(wait, first, 2)
                await anyio.wait_all_tasks_blocked()
                tasks.start_soon(wait, second, 1)
                await anyio.wait_all_tasks_blocked()
                assert not entered.is_set()
                first.cancel()
                await entered.wait()

    anyio.run(main, backend=backend)


def test_a_waiter_whose_loop_was_closed_holds_nothing() -> None:
    gate = Gate(1)

    async def hold() -> None:
        async with gate.hold():
            pass

    async def main() -> None:
        async with gate.hold():
            loop = asyncio.new_event_loop()
            waiting = loop.create_task(hold())

            def run_a_little() -> None:
                loop.call_soon(lambda: loop.call_soon(loop.stop))
                loop.run_forever()
                loop.close()  # with a task in it that nobody will finish

            await anyio.to_thread.run_sync(run_a_little)
        with anyio.fail_after(5):
            await hold()
        waiting._log_destroy_pending = False  # pyright: ignore[reportAttributeAccessIssue]  it is destroyed on purpose
        del waiting
        gc.collect()

    asyncio.run(main())


def test_a_flag_wakes_every_loop() -> None:
    flag = Flag()
    waiting = Semaphore(0)

    async def wait() -> None:
        waiting.release()
        await flag.wait()
        assert flag.is_set()
        await flag.wait()

    def set_it() -> None:
        for _ in range(4):
            waiting.acquire()
        flag.set()

    all_together(*[lambda b=b: anyio.run(wait, backend=b) for b in BOTH * 2], set_it)
    assert flag.is_set()


def test_a_throttle_is_one_limit_for_all_loops() -> None:
    throttle = Throttle()
    inside = most = 0

    async def request() -> None:
        nonlocal inside, most
        async with throttle.place() as place:
            inside += 1
            most = max(most, inside)
            await anyio.lowlevel.checkpoint()
            place.refuse(None)
            inside -= 1

    async def many() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(request)

    throttle.narrow(0, None)  # to one at a time: nothing is in flight yet
    assert throttle.limit == 1
    all_together(*[lambda b=b: anyio.run(many, backend=b) for b in BOTH * 3])
    assert (inside, most, throttle.serving) == (0, 1, 0)
