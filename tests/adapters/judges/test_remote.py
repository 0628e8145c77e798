"""RemoteJudge against a real HTTP server, whatever it answers."""

from __future__ import annotations

import math
import socket
from typing import Any

import anyio
import openai
import pytest
from support.chat_fixtures import KEY
from support.chat_server import ChatServer, Reply, hanging_up, refusal
from support.live import StepBackend
from support.pairs import Watched, as_json, completion, pair

from deepprune_adapters.judges import Asking, RemoteJudge
from deepprune_adapters.server import Server
from deepprune_sdk import Checkpoints, DeepPrune, Limits, ParallelReasoner, Retries
from deepprune_sdk.data.types import Usage
from deepprune_sdk.errors import ConfigurationError, JudgeError
from deepprune_sdk.policies.limits import JudgingLimits
from deepprune_sdk.testing import check_judge

pytestmark = pytest.mark.anyio

SURE = {"ident": math.log(0.8), "not": math.log(0.2)}
ONCE = Retries(attempts=1)


def judge_at(server: ChatServer, **settings: Any) -> RemoteJudge:
    settings = {"retries": ONCE, "base_url": server.url, "api_key": KEY, **settings}
    return RemoteJudge("judge", **settings)


def answers(server: ChatServer, reply: Reply) -> None:
    server.script = lambda body: reply


async def test_a_probability_from_log_probabilities(server: ChatServer) -> None:
    answers(server, completion("identical", SURE, {"ical": -0.01}))

    (verdict,) = await judge_at(server).compare([pair()])

    assert verdict.probability == pytest.approx(0.8)
    assert verdict.usage == Usage(prompt=100, generated=2)
    (body,) = server.bodies
    assert (body["model"], body["temperature"]) == ("judge", 0.0)
    assert (body["logprobs"], body["top_logprobs"]) == (True, 20)
    assert body["max_tokens"] <= 8
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert not body.get("stream")
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


async def test_it_keeps_the_contract(server: ChatServer) -> None:
    answers(server, completion("identical", SURE))

    async with judge_at(server, concurrency=3) as judge:
        await check_judge(judge, close=True)

    assert server.most <= 3


async def test_pairs_run_at_once_within_the_limit(server: ChatServer) -> None:
    waiting = completion("identical", SURE)
    answers(server, Reply(parts=[0.1, *waiting.parts], content_type="application/json"))

    verdicts = await judge_at(server, concurrency=4).compare([pair(f"{i}") for i in range(12)])

    assert len(verdicts) == 12
    assert 1 < server.most <= 4


async def test_verdicts_come_in_the_order_of_the_pairs(server: ChatServer) -> None:
    def script(body: dict[str, Any]) -> Reply:
        late = "first" in body["messages"][-1]["content"]
        reply = completion("", {"ident": math.log(0.9 if late else 0.3), "not": math.log(0.1)})
        return Reply(parts=[0.1 if late else 0.0, *reply.parts], content_type="application/json")

    server.script = script
    one, other = await judge_at(server).compare([pair("first"), pair("second")])

    assert one.probability == pytest.approx(0.9)
    assert other.probability == pytest.approx(0.75)


async def test_both_orders_are_averaged(server: ChatServer) -> None:
    def script(body: dict[str, Any]) -> Reply:
        content = body["messages"][-1]["content"]
        same = 0.9 if content.index("LEFT") < content.index("RIGHT") else 0.5
        return completion("", {"ident": math.log(same), "not": math.log(1 - same)})

    server.script = script
    (verdict,) = await judge_at(server, asking=Asking(both_orders=True)).compare(
        [pair("LEFT", "RIGHT")]
    )

    assert verdict.probability == pytest.approx(0.7)
    assert verdict.usage == Usage(prompt=200, generated=4)


async def test_too_little_label_mass_keeps_the_trace(server: ChatServer) -> None:
    answers(server, completion("Well, identical", {"Well": -0.001, "ident": -7.0}))

    (verdict,) = await judge_at(server).compare([pair()])

    assert verdict.probability is None
    assert verdict.usage.prompt == 100


@pytest.mark.parametrize(
    ("text", "probability"),
    [("identical", 0.9), (" Not identical.", 0.1), ("I think so", None), ("", None)],
)
async def test_without_log_probabilities_the_label_is_read_and_marked(
    server: ChatServer, text: str, probability: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    answers(server, completion(text))

    judge = judge_at(server)
    verdicts = await judge.compare([pair("a"), pair("b")])

    expected = None if probability is None else pytest.approx(probability)
    assert [verdict.probability for verdict in verdicts] == [expected, expected]
    assert judge.labelled == (0 if probability is None else 2)
    assert caplog.text.count("no log-probabilities") == (0 if probability is None else 1)


async def test_the_chosen_token_alone_is_no_distribution(server: ChatServer) -> None:
    alone: dict[str, object] = {"token": "identical", "logprob": -0.1, "top_logprobs": []}
    choice: dict[str, object] = {"logprobs": {"content": [alone]}}
    choice["message"] = {"content": "identical"}
    answers(server, as_json({"choices": [choice]}))

    judge = judge_at(server)
    (verdict,) = await judge.compare([pair()])

    assert (verdict.probability, judge.labelled) == (pytest.approx(0.9), 1)


@pytest.mark.parametrize(
    "reply",
    [
        completion("<think>\nOkay", {"<think>": -0.01, "ident": -0.02}),
        completion("", reasoning_content="Okay, the user"),
    ],
)
async def test_a_model_that_thinks_is_not_scored(
    server: ChatServer, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    answers(server, reply)

    verdicts = await judge_at(server).compare([pair(), pair("b")])

    assert [verdict.probability for verdict in verdicts] == [None, None]
    assert caplog.text.count("thinks") == 1


async def test_usage_that_is_not_reported_is_estimated(server: ChatServer) -> None:
    answers(server, completion("identical", SURE, usage=None))

    (verdict,) = await judge_at(server).compare([pair()])

    assert verdict.usage.estimated
    assert verdict.usage.prompt > 20


# --- what servers refuse --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("chat_template_kwargs", "Unrecognized request argument supplied: chat_template_kwargs"),
        ("logprobs", "logprobs are not supported by this model"),
        ("temperature", "Unsupported value: 'temperature' does not support 0 with this model"),
        ("max_tokens", "Unsupported parameter: use 'max_completion_tokens' instead"),
    ],
)
async def test_what_the_server_refuses_is_dropped_once(
    server: ChatServer, field: str, message: str
) -> None:
    def script(body: dict[str, Any]) -> Reply:
        if field in body:
            return refusal(400, {"error": {"message": message}})
        return completion("identical", *([SURE] if "logprobs" in body else []))

    server.script = script
    judge = judge_at(server)
    (first,) = await judge.compare([pair()])
    (second,) = await judge.compare([pair("b")])

    assert first.probability == second.probability == pytest.approx(0.8, abs=0.11)
    assert [field in body for body in server.bodies] == [True, False, False]


async def test_fewer_candidates_are_asked_for_where_there_is_a_limit(server: ChatServer) -> None:
    def script(body: dict[str, Any]) -> Reply:
        if body["top_logprobs"] > 5:
            return refusal(400, {"error": {"message": "top_logprobs must be at most 5"}})
        return completion("identical", SURE)

    server.script = script
    (verdict,) = await judge_at(server).compare([pair()])

    assert verdict.probability == pytest.approx(0.8)
    assert server.bodies[-1]["top_logprobs"] == 5


LLAMA = "request (%d tokens) exceeds the available context size (200 tokens), try increasing it"
VLLM = (
    "This model's maximum context length is 200 tokens. However, you requested %d tokens. Please "
    "reduce the length of the input messages."
)


@pytest.mark.parametrize("message", [LLAMA, VLLM, "the prompt exceeds the context window%.0s"])
async def test_the_context_is_learned_from_a_refusal(
    server: ChatServer, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    def script(body: dict[str, Any]) -> Reply:
        tokens = len(body["messages"][-1]["content"].split())
        if tokens > 200:
            return refusal(400, {"error": {"message": message % tokens}})
        return completion("identical", SURE)

    server.script = script
    judge = judge_at(server)
    long = pair("left " * 500, "right " * 400)
    (verdict,) = await judge.compare([long])
    before = len(server.bodies)
    await judge.compare([long])

    assert verdict.probability == pytest.approx(0.8)
    assert len(server.bodies) == before + 1
    assert judge.cut == 4
    assert caplog.text.count("cut to their first tokens") == 1
    sent = server.bodies[-1]["messages"][-1]["content"]
    assert sent.count("left ") == pytest.approx(sent.count("right "), abs=2)


async def test_a_given_context_is_kept_without_asking(server: ChatServer) -> None:
    answers(server, completion("identical", SURE))

    judge = judge_at(server, context=400)
    await judge.compare([pair("left " * 500, "r")])

    assert judge.cut == 1
    assert 50 < len(server.bodies[0]["messages"][-1]["content"].split()) < 400


async def test_a_question_that_leaves_no_room_is_unscored(
    server: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    judge = judge_at(server, context=100)
    (verdict,) = await judge.compare([pair(question="why " * 200)])

    assert verdict.probability is None
    assert not server.bodies
    assert "question alone" in caplog.text


# --- servers that fail ----------------------------------------------------------------------------

SILENCE = Reply(parts=["hang"])


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (refusal(401, {"error": {"message": f"bad key {KEY}"}}), "refuses access"),
        (refusal(404, {"error": {"message": "the model `judge` does not exist"}}), "not serve"),
        (refusal(503, {"error": {"message": "loading"}}), "answers 503: loading"),
        (refusal(429, {"error": {"message": "slow down"}}), "limits the rate"),
        (refusal(400, {"error": {"message": "no"}}), "refuses the request"),
        (Reply(parts=[b"<html>hello"], content_type="text/html"), "not an OpenAI-compatible"),
        (Reply(parts=[], content_type="application/json"), "not an OpenAI-compatible"),
        (as_json([1, 2]), "not an OpenAI-compatible"),
        (as_json({"choices": []}), "not an OpenAI-compatible"),
        (as_json({"choices": [{"message": "hm"}]}), "not an OpenAI-compatible"),
        (as_json({"error": {"message": "overloaded", "code": 429}}), "limits the rate"),
        (Reply(parts=["break"]), "without an answer"),
        (SILENCE, "sent nothing for"),
    ],
)
async def test_a_server_that_fails_is_one_clear_line(
    server: ChatServer, reply: Reply, says: str
) -> None:
    answers(server, reply)
    patience = 0.3 if reply is SILENCE else 30.0

    with pytest.raises(JudgeError, match=says) as caught:
        await RemoteJudge(
            "judge",
            server=Server(base_url=server.url, api_key=KEY, idle_timeout=patience),
            retries=ONCE,
        ).compare([pair(), pair("b")])

    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("judge judge: ")
    assert KEY not in str(caught.value)


async def test_a_server_that_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    judge = RemoteJudge("judge", base_url=f"http://127.0.0.1:{port}/v1", retries=ONCE)

    with pytest.raises(JudgeError, match="cannot reach"):
        await judge.compare([pair()])


async def test_a_server_that_hangs_up() -> None:
    with hanging_up() as url, pytest.raises(JudgeError, match="without an answer"):
        await RemoteJudge("judge", base_url=url, retries=ONCE).compare([pair()])


async def test_a_wrong_key_is_found_out_once(server: ChatServer) -> None:
    answers(server, refusal(401, {"error": {"message": "bad key"}}))

    with pytest.raises(JudgeError):
        await judge_at(server, concurrency=2).compare([pair(f"{i}") for i in range(50)])

    assert len(server.bodies) < 10


async def test_one_pair_that_fails_leaves_the_others(
    server: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    def script(body: dict[str, Any]) -> Reply:
        if "forbidden" in body["messages"][-1]["content"]:
            return refusal(400, {"error": {"message": "the content filter was triggered"}})
        return completion("identical", SURE)

    server.script = script
    verdicts = await judge_at(server).compare([pair(), pair("forbidden"), pair("c")])

    assert [v.probability is None for v in verdicts] == [False, True, False]
    assert "1 of 3 pairs failed" in caplog.text


async def test_a_passing_failure_is_retried_by_the_sdks_policy(server: ChatServer) -> None:
    replies = [refusal(503, {"error": "busy"}, retry_after="0"), completion("identical", SURE)]
    server.script = lambda body: replies.pop(0)

    (verdict,) = await judge_at(server, retries=Retries(initial=0.001)).compare([pair()])

    assert verdict.probability == pytest.approx(0.8)


async def test_cancelling_closes_the_requests(server: ChatServer) -> None:
    answers(server, Reply(parts=["hang"]))
    judge = judge_at(server)

    async with anyio.create_task_group() as group:
        group.start_soon(judge.compare, [pair("a"), pair("b")])
        await anyio.to_thread.run_sync(server.wait_until, lambda: server.open == 2)
        group.cancel_scope.cancel()

    await anyio.to_thread.run_sync(server.wait_until, lambda: server.left == 2)


@pytest.mark.parametrize(
    ("reply", "count", "seconds"),
    [
        (refusal(503, {"error": {"message": "down"}}), "failed", 30.0),
        (Reply(parts=["hang"]), "late", 0.05),
        (completion("Hm", {"Hm": -0.1}), "unscored", 30.0),
    ],
)
async def test_the_run_goes_on_whatever_the_judge_does(
    server: ChatServer, reply: Reply, count: str, seconds: float
) -> None:
    answers(server, reply)
    judge = Watched(judge_at(server))
    steps = [*["so "] * 6, judge.answered, "\\boxed{5}."]
    reasoner = ParallelReasoner(
        StepBackend(steps, steps),
        judge=judge,
        policy=DeepPrune(checkpoints=Checkpoints.tokens(4)),
        limits=Limits(judging=JudgingLimits(timeout=seconds)),
    )

    result = await reasoner.solve("2 + 3?", n=2)

    assert result.answer == "5"
    assert (result.judge.asked, result.judge.scored) == (1, 0)
    assert getattr(result.judge, count) == 1


# --- making one -----------------------------------------------------------------------------------


async def test_a_client_of_ones_own_is_used_and_left_open(server: ChatServer) -> None:
    answers(server, completion("identical", SURE))
    async with openai.AsyncOpenAI(api_key=KEY, base_url=server.url) as client:
        async with RemoteJudge("judge", server=Server(client=client)) as judge:
            await judge.compare([pair()])
        await RemoteJudge("judge", server=Server(client=client)).compare([pair()])

        assert not client.is_closed()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"model": "", "base_url": "http://x/v1"}, "name the model"),
        ({"model": "m"}, "no API key"),
        ({"model": "m", "base_url": "localhost:8000"}, "begin with http"),
        ({"model": "m", "base_url": "http://x/v1", "api_key": "a\nb"}, "characters"),
        ({"model": "m", "base_url": "http://x/v1", "concurrency": 0}, "concurrency=0"),
        ({"model": "m", "base_url": "http://x/v1", "context": 0}, "context=0"),
        (
            {"model": "m", "base_url": "http://x/v1", "server": Server()},
            "RemoteJudge: give server=",
        ),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        RemoteJudge(**settings)


def test_an_address_is_shown_without_its_credentials() -> None:
    judge = RemoteJudge("judge", base_url="http://user:secret@127.0.0.1:1/v1?key=1")

    assert repr(judge) == "RemoteJudge('judge', base_url='http://127.0.0.1:1/v1')"
