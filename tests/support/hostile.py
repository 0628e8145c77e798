"""Text that is made to be slow, and everything here that reads text with regular expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deepprune_adapters.cli.views.text import clean
from deepprune_adapters.openai.capabilities import Capabilities
from deepprune_adapters.openai.sse import EventSplitter
from deepprune_adapters.openai.thinking import ThinkTags
from deepprune_adapters.server.connection import Endpoint
from deepprune_adapters.server.errors import ServerErrors
from deepprune_adapters.server.refusals import Refusal, context_of
from deepprune_adapters.tokens import HeuristicCounter
from deepprune_sdk import Answers
from deepprune_sdk.data.messages import to_messages
from deepprune_sdk.data.types import Sampling, TraceRequest
from deepprune_sdk.judges.features import read_profile
from deepprune_sdk.results.markup import escaped

REPEATED = (
    *"0aA.,;:!?-+*/\\$%^_{}()[]<>|=~#@&\"'` \n\t\r",
    *("\u00e9", "\u4e00", "\u202e", "\0", "\x1b", "a ", "1 ", "1,", "1.", "1/", "a,", "a\n", "\n "),
    *("{}", "\\ ", "\\{", "\\frac{", "\\frac{1}", "\\text{", "\\boxed{", "\\boxed", "\\sqrt"),
    *("\\left(", "</", "<a ", "<think>", "</think>", "**", "$ ", "the answer is ", "answer: "),
    *("so ", "thus, ", "not ", "1 and ", "sk-", "Bearer ", "://", "model ", "context length "),
    *(
        "答案是",
        "1:",
        "1 < x < ",
        "x = 1, ",
        "8 May ",
        "May 8, ",
        "(1, ",
        "1 cm ",
        "5 a",
        "0.3",
        "& ",
    ),
    *(
        "<answer>",
        '{"answer": ',
        '{"answer": "',
        "[THINK]",
        "<|channel|>",
        "<|channel|>final<|message|>",
    ),
    *(
        "_{1}",
        "^{",
        "\\begin{a}",
        "\\begin{pmatrix}",
        "\\\\",
        "\\end{a}",
        "\\overline{",
        "option A ",
        "#### ",
    ),
    *(
        "step 3 ",
        "\\text{ cm}",
        "\u20ac1,5 ",
        "\u0663",
        "\u0967",
        "\u2074",
        "(A) 1\n",
        "sorry, ",
        "i cannot ",
    ),
    *("\x1b[", "\x1b]", "data:", "data: {\n", ": \n", "unsupported parameter ", "max allowed 5 "),
)
ERRORS = ServerErrors(
    Endpoint(
        url="http://s/v1",
        model="m",
        idle_timeout=1.0,
        total_timeout=None,
        connect_timeout=1.0,
        secrets=("secret",),
    )
)


def learn(text: str) -> None:
    capabilities = Capabilities("m", continue_prefix=None, extra_body={})
    request = TraceRequest(
        trace=0, messages=to_messages("?"), sampling=Sampling(top_logprobs=20, top_p=0.5), seed=1
    )
    refusal = Refusal.of(400, {"error": {"message": text, "param": text}})
    capabilities.terms.learn(refusal, capabilities.write(request))
    context_of(refusal)


def refused(text: str) -> None:
    for status in (0, 400, 404, 429, 500):
        error = ERRORS.of_refusal(Refusal.of(status, {"message": text}), {"temperature": 1})
        assert len(str(error)) < 1000
        assert str(error).isprintable()


def shown(text: str) -> None:
    assert all(sign.isprintable() for sign in ERRORS.excerpt(text))


def thinking(text: str) -> None:
    tags = ThinkTags()
    for begin in range(0, len(text), 1000):
        tags.reasoning_until(text[begin : begin + 1000])


def events(text: str) -> None:
    splitter = EventSplitter()
    data = text.encode()
    for begin in range(0, len(data), 1000):
        splitter.feed(data[begin : begin + 1000])
    splitter.close()


READERS: Mapping[str, Callable[[str], object]] = {
    "answer of a whole text": lambda text: Answers().extract(text, complete=True),
    "answer of a part": lambda text: Answers().extract(text, complete=False),
    "answer in a box": lambda text: Answers().extract(f"\\boxed{{{text}}}", complete=True),
    "equivalence": lambda text: Answers().equivalent(text, text + "1"),
    "tokens": HeuristicCounter().split,
    "features of a judge": lambda text: read_profile(text, text),
    "reasoning tags": thinking,
    "events": events,
    "a refusal to learn from": learn,
    "a refusal to report": refused,
    "text of an error": shown,
    "text on a terminal": clean,
    "text on a page": escaped,
}
