"""What a model says after its thinking, where the thinking was left in the text.

Servers without the right parser leave it there, each family of models between marks of its own: the
table is `_PAIRS`, and harmony's channels (gpt-oss) are read apart. A draft of an answer is none.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["without_thinking"]

# Opening and closing mark, as patterns; `think`, `thinking` and `thought` are often mixed.
_THINK = r"(?:\w{1,9}[:_-])?(?:think(?:ing)?|thoughts?)>"
_PAIRS: Final = (
    (f"<{_THINK}", f"</{_THINK}"),
    (r"<antthinking>", r"</antthinking>"),
    (r"<reasoning>", r"</reasoning>"),
    (r"<analysis>", r"</analysis>"),
    (r"<reflection>", r"</reflection>"),
    (r"<scratchpad>", r"</scratchpad>"),
    (r"\[THINK(?:ING)?\]", r"\[/THINK(?:ING)?\]"),
    (r"\u25c1think\u25b7", r"\u25c1/think\u25b7"),  # Kimi
    (r"<\|start_thinking\|>", r"<\|end_thinking\|>"),  # Command A
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),  # OpenThinker, Sky-T1
    (r"<\|think(?:ing)?\|>", r"<\|/think(?:ing)?\|>"),
    (r"<\|inner_prefix\|>", r"<\|inner_suffix\|>"),  # Apertus
    (r"<\|channel>thought\b", r"<channel\|>"),  # Gemma 4
    (r"<unused94>(?:thought\b)?", r"<unused95>"),  # MedGemma
)  # fmt: skip
_MARK: Final = re.compile(
    "|".join(
        f"(?P<open{number}>{opening})|(?P<close{number}>{closing})"
        for number, (opening, closing) in enumerate(_PAIRS)
    ),
    re.IGNORECASE,
)
# Where a mark may begin: a search that costs little where there is none.
_BEGINNING: Final = re.compile(r"<[/|A-Za-z]|\[/?[Tt]|\u25c1")
_SIGNS: Final = "`'\""

# `<|channel|>analysis<|message|>...<|end|><|start|>assistant<|channel|>final<|message|>...`
_HARMONY: Final = re.compile(r"<\|(?:start|end|return|call|(?P<channel>channel))\|>")
_HEADER: Final = re.compile(
    r"\s?(analysis|commentary|final)\b[^<]{0,80}(?:<\|constrain\|>[^<]{0,40})?(?:<\|message\|>)?"
)
# The same with its special tokens dropped: `analysisWe need...assistantfinalThe answer`.
_BARE_FINAL: Final = "assistantfinal"
_BARE_ANALYSIS: Final = re.compile(r"\s*analysis(?:\n|(?![a-z\s:;,.)\-]))")


def without_thinking(text: str, *, complete: bool) -> str:
    """Return `text` without the thinking in it.

    What stands before a closing mark whose opening mark is missing is thinking as well (chat
    templates write the opening mark themselves). A mark in backticks or quotes is text, and so is
    one inside a line that nothing closes: the answer may talk about it.

    Args:
        text: Any text.
        complete: Whether the model ended the text itself. Thinking that never ends holds drafts
            where the text was cut; where the model ended its text inside, that is all it said.
    """
    tagged = "<" in text
    if tagged and "<|channel|>" in text:
        return _final_channel(text, complete=complete)
    final = text.rfind(_BARE_FINAL)
    if final >= 0:
        return text[final + len(_BARE_FINAL) :]
    if bare := _BARE_ANALYSIS.match(text):
        return text[bare.end() :] if complete else ""
    if tagged or "[T" in text or "[t" in text or "[/" in text or "\u25c1" in text:
        return _outside_marks(text, complete=complete)
    return text


def _outside_marks(text: str, *, complete: bool) -> str:
    said: list[str] = []
    begin = 0  # of what is said
    opened: tuple[str, int] | None = None  # the name of the closing mark, and where thinking begins
    closed = False
    for beginning in _BEGINNING.finditer(text):
        mark = _MARK.match(text, beginning.start())
        if mark is None:
            continue
        name = mark.lastgroup or ""
        if opened is not None:
            if name == opened[0]:
                begin, opened, closed = mark.end(), None, True
        elif _is_quoted(text, mark):
            continue
        elif name.startswith("open"):
            said.append(text[begin : mark.start()])
            opened = (name.replace("open", "close"), mark.end())
            begin = mark.start()
        elif not closed or _ends_line(text, mark):
            said.clear()
            begin, closed = mark.end(), True
    if opened is None:
        return "".join(said) + text[begin:]
    if text[:begin].rpartition("\n")[2].strip():  # inside a line: the answer talks about the mark
        return "".join(said) + text[begin:]
    before = "".join(said)
    return text[opened[1] :] if complete and not before.strip() else before


def _is_quoted(text: str, mark: re.Match[str]) -> bool:
    before, after = text[mark.start() - 1 : mark.start()], text[mark.end() : mark.end() + 1]
    return before != "" and before in _SIGNS and after != "" and after in _SIGNS


def _ends_line(text: str, mark: re.Match[str]) -> bool:
    """Whether a closing mark stands at the beginning or the end of its line."""
    return (
        text[mark.start() - 1 : mark.start()] in "\n" or text[mark.end() : mark.end() + 1] in "\n"
    )


def _final_channel(text: str, *, complete: bool) -> str:
    tokens = list(_HARMONY.finditer(text))
    ends = [*(token.start() for token in tokens[1:]), len(text)]
    bodies: dict[str, list[str]] = {}
    for token, end in zip(tokens, ends, strict=True):
        header = _HEADER.match(text, token.end(), end) if token["channel"] else None
        if header is not None:
            bodies.setdefault(header[1], []).append(text[header.end() : end])
    if not bodies:  # the text talks about channels
        return text
    if "final" in bodies:
        return bodies["final"][-1]
    if "commentary" in bodies:  # what a user is told before a tool is called
        return "\n".join(bodies["commentary"])
    return bodies["analysis"][-1] if complete else ""
