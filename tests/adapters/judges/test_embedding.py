"""EmbeddingJudge with embedders that need no model, and with a server."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.chat_server import ChatServer, Reply, refusal
from support.pairs import as_json, embedded, pair

from deepprune_adapters.judges import EmbeddingJudge, TransformersJudge, embedding
from deepprune_sdk import Retries
from deepprune_sdk.data import Verdict
from deepprune_sdk.data.types import NO_USAGE, Usage
from deepprune_sdk.errors import ConfigurationError, JudgeError, MissingExtraError
from deepprune_sdk.testing import check_judge

pytestmark = pytest.mark.anyio

ONCE = Retries(attempts=1)


def letters(text: str) -> list[float]:
    """A vector of how often some letters occur; no two are orthogonal."""
    return [1.0 + text.count(letter) for letter in "aeiou123456"]


class Letters:
    """Embeds by letters, and remembers what it was asked."""

    def __init__(self, embed: Callable[[str], list[float]] = letters) -> None:
        self._embed = embed
        self.asked: list[str] = []

    async def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked += texts
        return [self._embed(text) for text in texts]


async def test_each_prefix_is_embedded_once() -> None:
    embed = Letters()
    judge = EmbeddingJudge(embed)

    await judge.compare([pair("a", "b"), pair("a", "c"), pair("b", "c")])
    await judge.compare([pair("a", "b"), pair("a", "d")])

    assert embed.asked == ["a", "b", "c", "d"]


async def test_the_curve_maps_cosines_to_probabilities() -> None:
    judge = EmbeddingJudge(Letters(), intercept=-1.0, slope=2.0)

    same, less = await judge.compare([pair("abc", "abc"), pair("aaaaaaaa", "111111111")])

    assert same.probability == pytest.approx(1 / (1 + math.exp(-1)))
    assert less.probability is not None
    assert less.probability < 0.7
    assert (same.usage, judge.costs_tokens) == (NO_USAGE, False)


async def test_it_keeps_the_contract() -> None:
    await check_judge(EmbeddingJudge(Letters()), close=True)


async def test_embeddings_that_cannot_be_compared() -> None:
    with pytest.raises(JudgeError, match="size 11 among those of size 1"):
        await EmbeddingJudge(Letters(lambda text: [1.0] if text == "a" else letters(text))).compare(
            [pair("a", "b")]
        )

    async def too_few(texts: Sequence[str]) -> list[list[float]]:
        return [letters(texts[0])]

    with pytest.raises(JudgeError, match="1 embeddings for 2 texts"):
        await EmbeddingJudge(too_few).compare([pair("a", "b")])
    (verdict,) = await EmbeddingJudge(Letters(lambda text: [math.nan])).compare([pair("a", "b")])
    assert verdict.probability is None
    (verdict,) = await EmbeddingJudge(Letters(lambda text: [0.0])).compare([pair("a", "b")])
    assert verdict.probability is not None


async def test_what_other_batches_push_out_is_held_for_a_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedding, "KEPT", 2)
    asked, pushed_out = anyio.Event(), anyio.Event()

    async def embed(texts: Sequence[str]) -> list[list[float]]:
        if "late" in texts:
            asked.set()
            await pushed_out.wait()
        return [letters(text) for text in texts]

    judge, verdicts = EmbeddingJudge(embed), list[Verdict]()

    async def compare() -> None:
        verdicts.extend(await judge.compare([pair("a", "late")]))

    await judge.compare([pair("a", "b")])
    async with anyio.create_task_group() as group:
        group.start_soon(compare)
        await asked.wait()
        await judge.compare([pair("c", "d")])
        pushed_out.set()

    assert verdicts == await EmbeddingJudge(Letters()).compare([pair("a", "late")])


# --- a server -------------------------------------------------------------------------------------


def served(server: ChatServer, **settings: Any) -> EmbeddingJudge:
    return EmbeddingJudge.openai("embedder", base_url=server.url, retries=ONCE, **settings)


def by_letters(body: dict[str, Any]) -> Reply:
    return embedded([letters(text) for text in body["input"]], tokens=7)


async def test_a_served_model(server: ChatServer) -> None:
    server.script = by_letters

    async with served(server) as judge:
        first, second = await judge.compare([pair("a", "b"), pair("a", "")])
        (again,) = await judge.compare([pair("a", "b")])

    local = await EmbeddingJudge(Letters()).compare([pair("a", "b")])
    assert first.probability == again.probability == local[0].probability
    assert (first.usage, second.usage, again.usage) == (Usage(prompt=7), NO_USAGE, NO_USAGE)
    assert judge.costs_tokens
    assert judge.name == "embedder"
    assert server.paths == ["/v1/embeddings"]
    assert server.bodies[0]["input"] == ["a", "b", " "]
    assert server.bodies[0]["encoding_format"] == "float"


async def test_a_served_model_keeps_the_contract(server: ChatServer) -> None:
    server.script = by_letters

    await check_judge(served(server), close=True)


async def test_many_texts_are_several_requests(server: ChatServer) -> None:
    server.script = by_letters

    await served(server).compare([pair(f"{i}", "b") for i in range(99)])

    assert [len(body["input"]) for body in server.bodies] == [64, 36]


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (refusal(401, {"error": {"message": "no"}}), "refuses access"),
        (refusal(500, {"error": {"message": "no"}}), "answers 500"),
        (Reply(parts=[b"hello"], content_type="text/plain"), "not an OpenAI-compatible"),
        (as_json([]), "not an OpenAI-compatible"),
        (as_json({"error": {"message": "no", "code": 503}}), "answers 503: no"),
        (embedded([[1.0]]), "not an OpenAI-compatible"),
        (embedded([[1.0], [1.0], [1.0]]), "not an OpenAI-compatible"),
        (embedded([[1.0], [1.0, 2.0]]), "size 2 among those of size 1"),
        (as_json({"data": [{"embedding": "AAAA"}] * 2}), "not an OpenAI-compatible"),
        (as_json({"data": [{"embedding": [1.0], "index": 1}] * 2}), "not an OpenAI-compatible"),
    ],
)
async def test_a_server_that_fails_is_one_clear_line(
    server: ChatServer, reply: Reply, says: str
) -> None:
    server.script = lambda body: reply

    with pytest.raises(JudgeError, match=says) as caught:
        await served(server).compare([pair("a", "b")])

    assert "\n" not in str(caught.value)


async def test_batches_at_the_same_time_count_their_own_tokens(server: ChatServer) -> None:
    waiting = embedded([letters("a"), letters("b")], tokens=7)
    server.script = lambda body: Reply(parts=[0.2, *waiting.parts], content_type="application/json")
    judge, usages = served(server), list[Usage]()

    async def compare(left: str, right: str) -> None:
        (verdict,) = await judge.compare([pair(left, right)])
        usages.append(verdict.usage)

    async with anyio.create_task_group() as group:
        group.start_soon(compare, "a", "b")
        group.start_soon(compare, "c", "d")

    assert server.most == 2
    assert usages == [Usage(prompt=7)] * 2


# --- what is not there ----------------------------------------------------------------------------


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a library look as if it were not installed."""

    def hide(name: str) -> None:
        monkeypatch.setitem(__import__("sys").modules, name, None)

    return hide


def test_a_missing_extra_is_named(without: Callable[[str], None], tmp_path: Path) -> None:
    for name in ("torch", "sentence_transformers", "safetensors.numpy"):
        without(name)
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {}}))

    with pytest.raises(MissingExtraError, match=r"deepprune-sdk\[hf\]"):
        TransformersJudge(tmp_path)
    with pytest.raises(MissingExtraError, match=r"deepprune-sdk\[embed\]"):
        EmbeddingJudge.sentence_transformers("any")
    with pytest.raises(MissingExtraError, match=r"'safetensors'.*\[embed\]"):
        EmbeddingJudge.static(tmp_path)


def test_a_static_embedding_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="give a safetensors file, or a directory"):
        EmbeddingJudge.static(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"no tensors")
    with pytest.raises(ConfigurationError, match=r"no tokenizer.json beside it"):
        EmbeddingJudge.static(tmp_path)
    with pytest.raises(ConfigurationError, match="no such file"):
        EmbeddingJudge.static(weights, tokenizer=tmp_path / "other.json")


@pytest.mark.parametrize(
    ("settings", "says"),
    [({"batch_size": 0}, "batch_size=0"), ({"context": 0}, "context=0"), ({"candidates": 0}, "1")],
)
def test_settings_that_cannot_work(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        TransformersJudge("any", **settings)
