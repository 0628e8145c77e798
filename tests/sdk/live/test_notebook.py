"""A run that is watched: its picture is drawn anew while it is under way, where a notebook is."""

import sys
from types import SimpleNamespace

import anyio
import pytest
from support.live import StepBackend

from deepprune_sdk import (
    AllTracesFailedError,
    ConfigurationError,
    ParallelReasoner,
    ProtocolError,
    Result,
    watch,
)
from deepprune_sdk.results import run_picture
from deepprune_sdk.testing import Script, ScriptedBackend

pytestmark = pytest.mark.anyio


class Cell:
    """Stands for IPython in a kernel, and notes what is shown in the one display it gives."""

    def __init__(self) -> None:
        self.shown: list[Result] = []
        self.live = anyio.Event()
        self.display = SimpleNamespace(display=self._display)

    def get_ipython(self) -> object:
        return SimpleNamespace(kernel=object())

    def _display(self, result: Result, *, display_id: bool) -> "Cell":
        assert display_id
        self.update(result)
        return self

    def update(self, result: Result) -> None:
        self.shown.append(result)
        if any(trace.outcome == "live" and trace.tokens for trace in result.traces):
            self.live.set()


async def test_the_picture_is_drawn_anew_while_traces_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = Cell()
    monkeypatch.setitem(sys.modules, "IPython", cell)
    # The trace waits until a picture has shown it at work.
    backend = StepBackend(["w", "w", cell.live, "\\boxed{5}"])
    result = await watch(ParallelReasoner(backend).run("?", n=1), every=0.01)
    assert result.answer == "5"
    assert cell.shown[0].traces == []
    at_work = next(one for one in cell.shown if one.traces and one.traces[0].tokens)
    assert "1 still running" in run_picture(at_work)
    assert cell.shown[-1] == result


async def test_a_run_that_fails_shows_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = Cell()
    monkeypatch.setitem(sys.modules, "IPython", cell)
    backend = ScriptedBackend([Script("", error=ProtocolError("broken"))])
    with pytest.raises(AllTracesFailedError):
        await watch(ParallelReasoner(backend).run("?", n=2))
    assert [trace.outcome for trace in cell.shown[-1].traces] == ["failed", "failed"]


@pytest.mark.parametrize(
    "ipython",
    [
        SimpleNamespace(),
        SimpleNamespace(get_ipython=lambda: None),
        SimpleNamespace(get_ipython=SimpleNamespace),  # a terminal
    ],
)
async def test_elsewhere_nothing_is_shown(
    ipython: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    parallel = ParallelReasoner(ScriptedBackend(["\\boxed{5}"]))
    assert (await watch(parallel.run("?", n=1))).answer == "5"
    assert capsys.readouterr().out == ""


async def test_the_time_between_pictures_is_above_0() -> None:
    run = ParallelReasoner(ScriptedBackend(["\\boxed{5}"])).run("?", n=1)
    with pytest.raises(ConfigurationError, match="every=0: give seconds above 0"):
        await watch(run, every=0)
