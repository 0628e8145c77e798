"""Arguments of the wrong kind: taken where the meaning is plain, else one line at once."""

import inspect
import io
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest

import deepprune_adapters.judges
import deepprune_adapters.server
import deepprune_sdk.answers
import deepprune_sdk.judges
import deepprune_sdk.policies
import deepprune_sdk.recorder
import deepprune_sdk.recording
from deepprune_adapters.math import MathAnswers
from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.tokens import TiktokenCounter
from deepprune_sdk import (
    CachedJudge,
    ConfigurationError,
    DeepPruneError,
    LearnedJudge,
    Limits,
    Message,
    ParallelReasoner,
    Price,
    Requests,
    Retries,
    Sampling,
    UnanimousWindow,
)
from deepprune_sdk.judges import JudgeWrapper
from deepprune_sdk.recording import TraceWriter
from deepprune_sdk.testing import ScriptedBackend

BACKEND = ScriptedBackend(["\\boxed{5}"])
WRONG: list[Any] = [
    "word", "4", "", b"bytes", 5, 1.5, -1, 0, True, math.nan, math.inf, 10**400, None, [], [1],
    {}, {"a": 1}, {1}, object(), int, ScriptedBackend, io.StringIO("x"), Path("none"), len,
]  # fmt: skip


def reasoner(**settings: Any) -> ParallelReasoner:
    return ParallelReasoner(**cast("dict[str, Any]", {"backend": BACKEND, **settings}))


async def solved(**arguments: Any) -> object:
    return await reasoner(policy="cons").solve(
        **cast("dict[str, Any]", {"prompt": "?", "n": 1, **arguments})
    )


async def solved_many(**arguments: Any) -> object:
    return await reasoner(policy="cons").solve_many(
        **cast("dict[str, Any]", {"prompts": ["?"], "n": 1, **arguments})
    )


REQUIRED: Mapping[str, Any] = {
    "backend": BACKEND, "judge": LearnedJudge(), "writer": TraceWriter("none.jsonl"), "n": 2,
    "model": "m", "path": "none.jsonl", "paths": "none.jsonl", "question": "q", "seconds": 1,
    "input": 1, "output": 1, "role": "user", "content": "?", "kept": 0.5, "run": 5,
    "price": Price(input=1, output=1), "pattern": "(x)", "extract": str, "embed": len,
    "base_url": "http://localhost:1/v1",
}  # fmt: skip


def constructors() -> list[Callable[..., object]]:
    """Every public class that a user makes: of the face, its folders and the adapters."""
    found: dict[Callable[..., object], None] = dict.fromkeys([OpenAIBackend, MathAnswers])
    found[TiktokenCounter] = None
    for module in (
        deepprune_sdk,
        deepprune_sdk.answers,
        deepprune_sdk.judges,
        deepprune_sdk.policies,
        deepprune_sdk.recorder,
        deepprune_sdk.recording,
        deepprune_adapters.judges,
        deepprune_adapters.server,
    ):
        for name in cast("list[str]", vars(module)["__all__"]):
            thing: Any = getattr(module, name)
            made = inspect.isclass(thing) and not issubclass(thing, BaseException)
            if made and not inspect.isabstract(thing) and thing not in SKIPPED:
                found[thing] = None
    return list(found)


SKIPPED: set[object] = {
    deepprune_sdk.policies.Policy,
    deepprune_sdk.policies.RunView,
    deepprune_sdk.Result,  # what a run gives, and nobody makes
    deepprune_sdk.policies.PolicyState,
    JudgeWrapper,
}


def arguments(make: Callable[..., object]) -> list[str]:
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    return [p.name for p in inspect.signature(make).parameters.values() if p.kind not in kinds]


def call(make: Callable[..., object], name: str, value: object) -> object:
    parameters = inspect.signature(make).parameters
    needed = {
        one.name: REQUIRED.get(one.name, "x")
        for one in parameters.values()
        if one.default is one.empty and one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
    }
    if "base_url" in parameters and name != "server":
        needed["base_url"] = REQUIRED["base_url"]
    if parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
        return make(value, **needed)
    return make(**{**needed, name: value})


@pytest.mark.parametrize(
    ("make", "name"), [(make, name) for make in constructors() for name in arguments(make)]
)
def test_a_constructor_takes_a_value_or_refuses_it_in_one_line(
    make: Callable[..., object], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key")
    for value in WRONG:
        told(lambda value=value: call(make, name, value))


def told(use: Callable[[], object]) -> None:
    messages: list[str] = []
    try:
        use()
    except DeepPruneError as error:
        messages.append(str(error))
    assert all("\n" not in message and len(message) < 1500 for message in messages)


@pytest.mark.anyio
@pytest.mark.parametrize("use", [solved, solved_many])
async def test_a_call_takes_a_value_or_refuses_it_in_one_line(
    use: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    method = ParallelReasoner.solve if use is solved else ParallelReasoner.solve_many
    for name in list(inspect.signature(method).parameters)[1:]:
        for value in WRONG:
            with suppress(DeepPruneError):  # any other error is not ours
                await use(**{name: value})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: reasoner(backend="gpt-4o-mini"),
            "backend='gpt-4o-mini': give OpenAIBackend('gpt-4o-mini') of deepprune_adapters.openai",
        ),
        (
            lambda: reasoner(backend=ScriptedBackend),
            "backend=ScriptedBackend is a class: give an object of it, ScriptedBackend(...)",
        ),
        (
            lambda: reasoner(judge=LearnedJudge),
            "judge=LearnedJudge is a class: give an object of it, LearnedJudge(...)",
        ),
        (
            lambda: reasoner(policy=UnanimousWindow),
            "policy=UnanimousWindow is a class: give an object of it, UnanimousWindow(...)",
        ),
        (
            lambda: reasoner(sampling={"temprature": 1}),
            "Sampling has no setting 'temprature': did you mean temperature? known: ",
        ),
        (
            lambda: reasoner(sampling=0.5),
            "sampling=0.5: give Sampling(), or a dict",
        ),
        (lambda: reasoner(price=0.5), "price=0.5: give Price(input=..., output=...), or a dict of"),
        (lambda: reasoner(limits=Limits), "limits=<class 'deepprune_sdk.policies.limits.Limits'>:"),
        (lambda: reasoner(shadow="no"), "shadow='no': give True or False"),
        (lambda: reasoner(record=5), "record=5: give a path"),
        (lambda: reasoner().run("?", cast("Any", 1.5)), "n=1.5: give a whole number"),
        (lambda: reasoner().run("?", True), "n=True: give a whole number"),
        (lambda: reasoner().run("?", 0), "n=0: sample at least 1 trace"),
        (lambda: reasoner().run("?", resume=cast("Any", 0)), "resume=0: give a path"),
        (lambda: Requests(concurrency=True), "Requests(concurrency=True): give a number"),
        (
            lambda: CachedJudge(LearnedJudge(), 0),
            "CachedJudge(max_entries=0): give a whole",
        ),
        (
            lambda: CachedJudge(cast("Any", "learned")),
            "judge='learned': give a judge",
        ),
        (
            lambda: Sampling(extra={"extra_headers": {"x-key": "secret"}}),
            "Sampling(extra=",
        ),
        (
            lambda: Sampling.model_validate({"extra_headers": {"x-key": "secret"}}),
            "Sampling has no setting 'extra_headers': headers belong to the server",
        ),
    ],
)
def test_the_line_names_the_value_and_the_fix(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert str(caught.value).startswith(message)


def test_a_client_of_openais_is_told_how_it_becomes_a_backend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import openai

    for client in (openai.OpenAI, openai.AsyncOpenAI):
        with pytest.raises(
            ConfigurationError, match=r"OpenAIBackend\(model, server=Server"
        ) as told:
            reasoner(backend=client(api_key="sk-secret"))
        assert "sk-secret" not in str(told.value)
    with pytest.raises(ConfigurationError, match="client is an object of OpenAI: give an Async"):
        deepprune_adapters.server.Server(client=cast("Any", openai.OpenAI(api_key="sk-secret")))


def test_an_open_file_is_told_its_path(tmp_path: Path) -> None:
    with (tmp_path / "r.jsonl").open("w") as file, pytest.raises(ConfigurationError) as caught:
        reasoner(record=file)
    assert str(caught.value).endswith(f"give its path, {str(tmp_path / 'r.jsonl')!r}")


def test_what_is_plain_is_taken() -> None:
    made = reasoner(
        sampling={"temperature": 0.5, "stop": "END"},
        requests={"concurrency": 3, "retries": {"attempts": 2}},
        limits={"characters": 10},
        price=(0.15, 0.6),
        shadow=False,
    )
    assert made.sampling == Sampling(temperature=0.5, stop=("END",))
    assert made.requests == Requests(concurrency=3, retries=Retries(attempts=2))
    assert made.limits == Limits(characters=10)
    assert made.price == Price(input=0.15, output=0.6)
    assert made.replace(sampling={"seed": 3}).sampling == Sampling(seed=3)


@pytest.mark.anyio
@pytest.mark.parametrize("n", [2, 2.0, "2"])
async def test_a_number_is_taken_however_it_is_written(n: Any) -> None:
    result = await reasoner(policy="cons").solve("?", n, timeout=cast("Any", "60"))
    assert len(result.traces) == 2


@pytest.mark.anyio
@pytest.mark.parametrize("limit", [0, -1, math.nan, "soon", True, [1]])
async def test_a_time_limit_is_above_0(limit: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"timeout=.*: give seconds above 0"):
        await reasoner().solve("?", timeout=limit)


def test_sampling_takes_what_the_server_knows() -> None:
    tool: dict[str, Any] = {"type": "function", "function": {"name": "add", "parameters": {}}}
    given = Sampling.model_validate(
        {
            "reasoning_effort": "low",
            "chat_template_kwargs": {"enable_thinking": False},
            "tools": [tool],
            "tool_choice": "auto",
            "extra_body": {"top_k": 40},
        }
    )
    assert given.as_they_are == {
        "reasoning_effort": "low",
        "chat_template_kwargs": {"enable_thinking": False},
        "tools": [tool],
        "tool_choice": "auto",
        "top_k": 40,
    }
    assert given.extra == {"top_k": 40}


@pytest.mark.anyio
async def test_a_secret_in_a_further_field_is_sent_and_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    secret = Sampling(extra={"provider": {"api_key": "sk-secret", "order": ["a"]}, "top_k": 4})
    parallel = reasoner(policy="cons", sampling=secret, record=path)
    await parallel.solve("?", n=1)
    sampled = BACKEND.requests[-1].sampling
    assert sampled.as_they_are["provider"] == {"api_key": "sk-secret", "order": ["a"]}
    text = path.read_text()
    assert "sk-secret" not in text
    assert '"top_k":4' in text
    assert (await parallel.solve("?", n=1, resume=path)).usage.resumed == 1


def test_a_message_has_a_role_and_a_text() -> None:
    with pytest.raises(ConfigurationError, match=r"Message\(role=5\)"):
        Message(role=cast("Any", 5), content="?")
