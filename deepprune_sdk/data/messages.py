"""Chat messages, as the chat API takes them, and what is asked by them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Literal, Self, cast

from pydantic import BaseModel, Field, JsonValue, model_validator

from deepprune_sdk.data.arguments import shown
from deepprune_sdk.data.config import Config
from deepprune_sdk.errors import ConfigurationError

__all__ = ["Message", "Prompt", "as_prompts", "asked", "to_messages", "with_instruction"]


class Message(Config):
    """One chat message, of any role and with any fields (`name`, `tool_calls`, ...).

    A content of several parts, text and images for instance, is sent as it is. `content` is then
    its text, in which a part that is not text has a name made of its bytes: that is what judges,
    recordings and logs see.
    """

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    """Who says it."""
    content: str
    """What is said."""
    parts: tuple[dict[str, JsonValue], ...] | None = Field(default=None, repr=False)
    """The content as it is sent, where it has several parts."""
    more: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue], repr=False)
    """Its other fields, by the names that the chat API gives them."""

    @model_validator(mode="before")
    @classmethod
    def _as_the_api_has_it(cls, data: Any) -> object:
        if not isinstance(data, dict):
            return data
        given = cast("dict[str, Any]", data)
        fields = {name: value for name, value in given.items() if name in cls.model_fields}
        more = {name: value for name, value in given.items() if name not in fields}
        if more:
            fields["more"] = {**fields.get("more", {}), **more}
        content = fields.get("content")
        parts = fields.get("parts")
        if isinstance(content, list | tuple):
            parts = [
                {"type": "text", "text": part} if isinstance(part, str) else part
                for part in cast("Sequence[object]", content)
            ]
            fields["parts"] = parts
        if isinstance(parts, list | tuple) and not isinstance(content, str):
            fields["content"] = "\n".join(map(_text_of, cast("Sequence[object]", parts)))
        elif content is None and fields.get("role") == "assistant" and "tool_calls" in more:
            fields["content"] = ""
        return fields

    def __hash__(self) -> int:
        return hash((self.role, self.content))  # the rest may hold lists

    @property
    def body(self) -> dict[str, JsonValue]:
        """The message as the chat API takes it."""
        sent: JsonValue = self.content
        if self.parts is not None:
            sent = list(self.parts)
        elif "tool_calls" in self.more and not sent:
            sent = None
        return {"role": self.role, "content": sent, **self.more}

    def followed_by(self, text: str) -> Self:
        """Return the message with a text after its own."""
        changes: dict[str, object] = {"content": self.content + text}
        if self.parts is not None:
            more: dict[str, JsonValue] = {"type": "text", "text": text}
            changes["parts"] = (*self.parts, more)
        return self.model_copy(update=changes)


def _text_of(part: object) -> str:
    """The text of a part; of an image and the like a name, the same for the same bytes."""
    if not isinstance(part, Mapping):
        return ""  # refused with the other fields
    fields = cast("Mapping[str, object]", part)
    text = fields.get("text")
    if isinstance(text, str):
        return text
    try:
        written = json.dumps(fields, sort_keys=True, default=str)
    except (ValueError, TypeError, RecursionError):
        written = ""  # refused with the other fields
    return f"[{fields.get('type')} {sha256(written.encode()).hexdigest()[:12]}]"


Prompt = str | Message | Mapping[str, Any] | Sequence[Message | Mapping[str, Any]]
"""A question, or the chat message or messages that end in it, as the chat API takes them."""


def to_messages(prompt: Prompt) -> tuple[Message, ...]:
    """Turn a prompt into chat messages.

    Raises:
        ConfigurationError: The prompt is empty, or one of its messages is malformed.
    """
    given = cast("object", prompt)  # callers without a type checker give anything
    if isinstance(given, str):
        messages = (Message(role="user", content=given),)
    elif isinstance(given, Mapping | BaseModel):
        messages = (_message(cast("Mapping[str, object] | BaseModel", given)),)
    elif isinstance(given, Iterable) and not isinstance(given, bytes | bytearray | memoryview):
        messages = tuple(_message(part) for part in cast("Iterable[object]", given))
    else:
        raise ConfigurationError(
            f"{shown(prompt)} is not a prompt: give a question as a str, or chat messages"
        )
    if not any(message.content.strip() for message in messages):
        raise ConfigurationError(f"the prompt is empty ({shown(prompt)}): give a question")
    return messages


def _message(part: object) -> Message:
    if isinstance(part, Message):
        return part
    if isinstance(part, BaseModel):  # as the openai client returns one
        part = part.model_dump(mode="json", exclude_none=True)
    if not isinstance(part, Mapping):
        raise ConfigurationError(
            f"{shown(part)} is not a chat message: give a role and a content, or a str"
        )
    return Message.model_validate(dict(cast("Mapping[str, object]", part)))


def as_prompts(prompts: Iterable[Prompt]) -> list[Prompt]:
    """Return many prompts, all of which can be read.

    Raises:
        ConfigurationError: They are one prompt, or one of them cannot be read: says which.
    """
    given = cast("object", prompts)
    if isinstance(given, str | bytes | Mapping | BaseModel) or not isinstance(given, Iterable):
        raise ConfigurationError(
            f"prompts={shown(prompts)}: give a list of prompts, or one prompt to solve()"
        )
    several = list(cast("Iterable[Prompt]", given))
    roles: list[str] = []
    for position, prompt in enumerate(several):
        try:
            messages = to_messages(prompt)
        except ConfigurationError as error:
            raise ConfigurationError(f"prompts[{position}]: {error}") from error
        if isinstance(prompt, Mapping | BaseModel):
            roles += [message.role for message in messages]
    if set(roles) - {"user"}:
        raise ConfigurationError(
            f"prompts={shown(several)} is one chat of several messages: give it to solve(), or in "
            "a list of its own"
        )
    return several


def asked(messages: Sequence[Message]) -> str:
    """Return the last thing the user said, which is what the traces answer."""
    return messages[_place_of_question(messages)].content


def with_instruction(messages: tuple[Message, ...], instruction: str) -> tuple[Message, ...]:
    """Return the messages with an instruction after the question, on a line of its own."""
    if not instruction:
        return messages
    place = _place_of_question(messages)
    question = messages[place]
    return (*messages[:place], question.followed_by(f"\n{instruction}"), *messages[place + 1 :])


def _place_of_question(messages: Sequence[Message]) -> int:
    places = [place for place, message in enumerate(messages) if message.role == "user"]
    return places[-1] if places else len(messages) - 1
