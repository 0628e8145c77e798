"""Chat messages: what the chat API takes reaches the backend, and its text everything else."""

from collections.abc import Mapping
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from deepprune_sdk import ConfigurationError, FullSampling, Message, ParallelReasoner
from deepprune_sdk.data.messages import as_prompts, asked, to_messages, with_instruction
from deepprune_sdk.recording.naming import problem_name
from deepprune_sdk.testing import ScriptedBackend

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8="}}
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}


def bodies(prompt: Any) -> list[dict[str, object]]:
    return [dict(message.body) for message in to_messages(prompt)]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "developer", "content": "Be short."},
        {"role": "user", "content": "Hi", "name": "me"},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, IMAGE]},
        {"role": "user", "content": [IMAGE]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "assistant", "content": "Let me see", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "5"},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "5"}]},
    ],
)
def test_a_message_is_sent_as_it_was_given(message: dict[str, object]) -> None:
    question = {"role": "user", "content": "?"}
    assert bodies([message, question]) == [message, question]


def test_a_single_message_is_a_prompt_however_it_is_given() -> None:
    class Reply(BaseModel):
        role: str = "assistant"
        content: str = "Hi"
        refusal: str | None = None

    assert bodies({"role": "user", "content": "Hi"}) == [{"role": "user", "content": "Hi"}]
    assert bodies(Message(role="user", content="Hi")) == [{"role": "user", "content": "Hi"}]
    assert bodies([Reply()]) == [{"role": "assistant", "content": "Hi"}]


def test_of_parts_everyone_else_sees_the_text_and_a_name_for_what_is_not_text() -> None:
    messages = to_messages({"role": "user", "content": [{"type": "text", "text": "What?"}, IMAGE]})
    first, second = asked(messages).split("\n")
    assert first == "What?"
    assert second.startswith("[image_url ")
    assert "base64" not in asked(messages)
    assert "base64" not in repr(messages)


def test_text_alone_has_the_same_name_in_parts_and_another_image_another_one() -> None:
    plain = to_messages("What?")
    parts = to_messages({"role": "user", "content": [{"type": "text", "text": "What?"}]})
    assert problem_name(asked(parts)) == problem_name(asked(plain)) == "q-a4949e2c96de"

    def name(url: str) -> str:
        image: Mapping[str, object] = {"type": "image_url", "image_url": {"url": url}}
        return problem_name(asked(to_messages({"role": "user", "content": [image]})))

    assert name("a") == name("a")
    assert name("a") != name("b")


def test_an_instruction_follows_the_parts_of_the_question() -> None:
    parts = [{"type": "text", "text": "What?"}, IMAGE]
    chat = [{"role": "user", "content": parts}, {"role": "assistant", "content": "Well"}]
    first, last = with_instruction(to_messages(chat), "One word.")
    assert first.body["content"] == [*parts, {"type": "text", "text": "\nOne word."}]
    assert first.content.endswith("\nOne word.")
    assert last.content == "Well"


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (None, "None is not a prompt: give a question as a str, or chat messages"),
        (5, "5 is not a prompt: give a question as a str, or chat messages"),
        (b"Hi", "b'Hi' is not a prompt: give a question as a str, or chat messages"),
        ({}, "Message needs role"),
        ({"role": "user", "content": 5}, "Message(content=5): Input should be a valid string"),
        ({"role": "user", "content": [5]}, "Message(parts.0=5): Input should be a valid dict"),
        ({"role": "user", "content": []}, "the prompt is empty"),
        ({"role": "user", "content": None}, "Message(content=None): Input should be a valid"),
    ],
)
def test_what_is_no_prompt_is_told_in_one_line(prompt: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        to_messages(prompt)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ("abc", "prompts='abc': give a list of prompts, or one prompt to solve()"),
        (b"abc", "prompts=b'abc': give a list of prompts, or one prompt to solve()"),
        (None, "prompts=None: give a list of prompts, or one prompt to solve()"),
        ({"role": "user", "content": "Hi"}, "prompts={'role': 'user', 'content': 'Hi'}: give"),
        (["ok", ""], "prompts[1]: the prompt is empty (''): give a question"),
        (["ok", "fine", 3], "prompts[2]: 3 is not a prompt"),
        (
            [{"role": "system", "content": "Short."}, {"role": "user", "content": "Hi"}],
            "prompts=[{'role': 'system', 'content': 'Short.'}, {'role': 'user', 'content': 'Hi'}]"
            " is one chat of several messages",
        ),
    ],
)
def test_many_prompts_are_refused_where_they_are_one_or_one_is_wrong(
    prompts: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        as_prompts(prompts)
    assert str(caught.value).startswith(message)


def test_many_prompts_come_from_anything_that_gives_them() -> None:
    assert as_prompts(str(number) for number in range(3)) == ["0", "1", "2"]
    chats = [[{"role": "user", "content": "Hi"}], {"role": "user", "content": "Ho"}]
    assert as_prompts(chats) == chats


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["name", "refusal", "cache_control", "x"]), json_values))
def test_whatever_else_a_message_has_is_sent(more: dict[str, object]) -> None:
    message = {"role": "user", "content": "Hi", **more}
    assert bodies(message) == [message]


@pytest.mark.anyio
async def test_an_image_reaches_the_backend_and_the_recording_its_name(tmp_path: Any) -> None:
    backend = ScriptedBackend(["\\boxed{5}"])
    path = tmp_path / "r.jsonl"
    prompt = {"role": "user", "content": [{"type": "text", "text": "How many?"}, IMAGE]}
    parallel = ParallelReasoner(backend, policy=FullSampling(), record=path)
    assert (await parallel.solve(prompt, n=2)).answer == "5"
    assert IMAGE in cast("list[object]", backend.requests[0].messages[0].body["content"])
    assert "base64" not in path.read_text()
    again = await parallel.solve(prompt, n=2, resume=path)
    assert again.usage.resumed == again.usage.generated
