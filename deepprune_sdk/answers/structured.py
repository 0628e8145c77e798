"""Answers in a structure of their own: `<answer>12</answer>`, `{"answer": 12}`, `#### 12`."""

from __future__ import annotations

import json
import re
from typing import Final, cast

from deepprune_sdk.answers.boxed import last_box
from deepprune_sdk.answers.clauses import equated
from deepprune_sdk.answers.markers import Noun, has_letters, nouns_from_the_end, read_noun
from deepprune_sdk.answers.no_answer import is_placeholder
from deepprune_sdk.answers.quantities import NUMBER
from deepprune_sdk.answers.values import LINE, Rank, Reading, Statement

__all__ = ["inner_answer", "key_value", "read_key", "read_mark", "read_tag"]

_LONGEST: Final = 1_200  # of an answer in a tag or a key
_TAG: Final = re.compile(
    r"<(?P<tag>(?:final[_ -]?)?answer|ans|final|solution|result)\b[^<>\n]{0,40}>"
    r"|\[(?P<mark>(?:final )?answer)\](?!:)",
    re.IGNORECASE,
)
_TAG_START: Final = 8  # characters from the beginning of a tag to its noun
_KEY: Final = re.compile(r"[\"']\s{0,8}:\s{0,8}")
_QUOTED: Final = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"")
_LATEX_IN_JSON: Final = re.compile(r"(?<!\\)(?:\\\\)*\\[A-Za-z]{2}")
_MARK: Final = re.compile(r"####[ ]{0,4}(?=[-+$.0-9\\\u2212])")
_LONG_WORD: Final = re.compile(r"[A-Za-z]{3}")
_TEXT: Final = re.compile(r"\\(?:text|textbf|mathrm|mbox)\s?\{([^{}]*)\}")
_WORDS: Final = re.compile(r"(?<![\\A-Za-z])[^\W\d_]{2,} [^\W\d_]{2}|[\u3040-\ud7ff]{2}")


def read_mark(text: str, start: int, how: Reading) -> Statement | None:
    """`#### 42`, as GSM8K writes it; `#### 4. A heading` is none."""
    found = _MARK.match(text, start)
    if found is None:
        return None
    value, newline, _ = text[found.end() : found.end() + LINE].partition("\n")
    clause = value.strip(" .*$")
    number = NUMBER.match(clause)
    if number is None or not (how.complete or newline):
        return None
    return None if _LONG_WORD.search(clause, number.end()) else Statement(clause, Rank.PLAIN)


def read_tag(text: str, noun: Noun, how: Reading) -> Statement | None:
    """`<answer>12</answer>`, `[ANSWER] 12 [/ANSWER]`."""
    before = max(0, noun.start - _TAG_START)
    start = max(text.rfind("<", before, noun.start), text.rfind("[", before, noun.start))
    tag = _TAG.match(text, start) if start >= 0 else None
    if tag is None:
        return None
    closing = f"</{tag['tag']}" if tag["tag"] else f"[/{tag['mark']}"
    rest = text[tag.end() : tag.end() + _LONGEST]
    end = rest.lower().find(closing.lower())
    if end < 0 and not how.complete:
        return None
    return _whole(rest[:end] if end >= 0 else rest.partition("\n")[0], how)


def key_value(text: str, noun: Noun) -> int | None:
    """Where the value begins of which a noun is the key in JSON, or None: `"answer": 42`."""
    key = _KEY.match(text, noun.start + len(noun.word))
    return None if key is None else key.end()


def read_key(text: str, start: int, how: Reading) -> Statement | None:
    """The value in JSON that begins at `start`."""
    rest = text[start : start + _LONGEST]
    try:
        value, end = cast("tuple[object, int]", json.JSONDecoder().raw_decode(rest))
    except (ValueError, RecursionError):
        # Python's quotes, or LaTeX whose backslashes are none of JSON's.
        quoted = _QUOTED.match(rest)
        return _whole(quoted[1] or quoted[2] or "", how) if quoted else None
    if value is None or (end >= len(rest) and not how.complete):
        return None
    if not isinstance(value, str):
        return _whole(rest[:end], how)
    # A model that writes LaTeX in JSON often forgets to double the backslash.
    raw = rest[1 : end - 1]
    return _whole(raw if _LATEX_IN_JSON.search(raw) else value, how)


def _whole(content: str, how: Reading) -> Statement | None:
    """A text that is an answer and nothing else, but for what it may be wrapped in."""
    content = content.strip()
    if is_placeholder(content):
        return None
    box = last_box(content, complete=True)
    if box is not None:
        content = box.content
    content = inner_answer(content, how) or content
    return Statement(how.choices.labelled(content) if how.choices else content, Rank.PLAIN)


def inner_answer(content: str, how: Reading) -> str | None:
    r"""The answer of a statement inside of a box or a tag: `\boxed{\text{The answer is } 91}`."""
    if len(content) > LINE or not has_letters(content):
        return None
    content = _TEXT.sub(r"\1", content)
    how = how._replace(complete=True)
    for noun in nouns_from_the_end(content):
        statement = None if noun.kind == "gsm" else read_noun(content, noun, how)
        if statement is not None and statement.rank >= Rank.LABEL:
            return statement.answer
    if how.choices is not None and how.choices.labelled(content) != content:
        return None
    return equated(content) if _WORDS.search(content) else None
