"""LaTeX and the signs of mathematics brought to one plain writing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from deepprune_sdk.answers.signs import plain_signs

__all__ = ["plain_latex", "slashed"]

_DEGREE: Final = re.compile(r"\^ ?(?:\{ ?\\circ ?\}|\\circ(?![A-Za-z]))|\\degrees?(?![A-Za-z])")
# Commands whose argument is the answer; the spaces keep `5\text{cm}` a number and its unit.
_WRAPPED: Final = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf|tt)|mbox|hbox|boxed|fbox|operatorname"
    r"|boldsymbol|bm|emph|underline|ensuremath) ?\{([^{}]*)\}"
)
# The digits of a number in a base above ten.
_DIGITS: Final = re.compile(r"\\(?:mathrm|text) ?\{([0-9A-F]{1,20})\}(?=[0-9A-F_])")
_COMMAND: Final = re.compile(r"\\([A-Za-z]+)|\\([^A-Za-z{}])")
_COMMANDS: Final = {
    **dict.fromkeys(("left", "right", "displaystyle", "textstyle", "limits", "rm", "bf"), ""),
    **dict.fromkeys(("big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr"), ""),
    **dict.fromkeys(("quad", "qquad", "space", "thinspace", "enspace"), " "),
    **dict.fromkeys(("dfrac", "tfrac", "cfrac"), "\\frac"),
    **dict.fromkeys(("dbinom", "tbinom"), "\\binom"),
    **dict.fromkeys(("times", "cdot", "ast"), "*"),
    **dict.fromkeys(("dots", "cdots"), "\\ldots"),
    **dict.fromkeys(("mid", "vert", "lvert", "rvert"), "|"),
    **dict.fromkeys(("rightarrow", "Rightarrow", "implies", "longrightarrow"), "\\to"),
    "bigcup": "\\cup",
    "bigcap": "\\cap",
    "div": "/",
    "leq": "\\le",
    "leqslant": "\\le",
    "geq": "\\ge",
    "geqslant": "\\ge",
    "lt": "<",
    "gt": ">",
    "neq": "\\ne",
    "lbrace": "\\{",
    "rbrace": "\\}",
    "percent": "%",
    "dollar": "",
    "infin": "\\infty",
    "varnothing": "\\emptyset",
    "varepsilon": "\\epsilon",
    "varphi": "\\phi",
    "vartheta": "\\theta",
    "colon": ":",
    "prime": "'",
    "euro": "$",
}
_SYMBOLS: Final = {**dict.fromkeys(",;: ", " "), **dict.fromkeys("!$()[]", ""), "\\": ", "}
_ASCII_RELATION: Final = re.compile(r"<=|>=|!=")
_ASCII_RELATIONS: Final = {"<=": "\\le ", ">=": "\\ge ", "!=": "\\ne "}
_FRACTION: Final = re.compile(r"\\frac ?(\{[^{}]*\}|[0-9A-Za-z]) ?(\{[^{}]*\}|[0-9A-Za-z])")
_FRACTION_TAIL: Final = re.compile(r"(\\frac ?\{.*\}) ?([0-9A-Za-z])(?![0-9A-Za-z{}])")
_ROOT: Final = re.compile(
    r"\\?\bsqrt ?(?:([0-9A-Za-z])(?![0-9A-Za-z])|\(([0-9A-Za-z]+)\)|([0-9]+))"
)
_FUNCTION: Final = re.compile(
    r"(?<![A-Za-z\\])(?=(?:sin|cos|tan|cot|csc|log|ln|arcsin|arccos|arctan)(?![A-Za-z]))"
)
_DECIMAL_COMMA: Final = re.compile(r"(?<![0-9,}])([0-9]+)\{,\}([0-9]{1,2}|[0-9]{4,})(?![0-9])")
_UNFINISHED: Final = re.compile(r"(?<=[0-9]) ?(?:\.\.\.|…|\\(?:[lc]?dots)(?![A-Za-z]))")
_MODULO: Final = re.compile(
    r" ?(?:\\pmod ?\{([^{}]*)\}|\( ?(?:\\?mod|\\bmod|\\text\{mod\}) ?([^()]*)\))"
)
_AFTER_COMMAND: Final = re.compile(r"(\\[A-Za-z]+) (?=[0-9\\({\[])")
_EMPTY_SET: Final = re.compile(r"\\\{ ?\\\}")
# `x^{2}` is `x^2`; braces around more than one letter or number have a meaning.
_SHORT_SCRIPT: Final = re.compile(
    r"([_^]) ?(?:\{ ?\(?([-+]?[0-9]+|[A-Za-z]|\\[A-Za-z]+)\)? ?\}(?![0-9A-Za-z])"
    r"|\{ ?([-+]?[0-9]+|[A-Za-z]) ?\}(?=[A-Za-z])| )"
)
_TIMES: Final = re.compile(r"(?<=[0-9A-Za-z})]) ?\* ?(?=[A-Za-z\\(])(?!\*)")

_ENVIRONMENT: Final = re.compile(
    r"\\begin ?\{([A-Za-z]+)\*?\} ?(?:\{[lcr|@ ]*\}|\[[a-z]\])?((?:(?!\\begin|\\end).)*)"
    r"\\end ?\{\1\*?\}",
    re.DOTALL,
)
_ROW: Final = re.compile(r"\\\\(?:\[[^\[\]]{0,10}\])?|\\cr(?![A-Za-z])|\\newline(?![A-Za-z])")
_LINES: Final = frozenset(
    ("aligned", "align", "gathered", "gather", "split", "equation", "alignedat")
)
_ROUND_MATRIX: Final = re.compile(r"[(\[] ?(matrix\([^()]*(?:\([^()]*\)[^()]*)*\)) ?[)\]]")
_BARRED_MATRIX: Final = re.compile(r"\| ?matrix(\([^()]*(?:\([^()]*\)[^()]*)*\)) ?\|")
_CONDITION: Final = re.compile(
    r"(?:\\text ?\{)? ?(?:if|for|when|where|otherwise if) ?(?:\})?", re.IGNORECASE
)


def plain_latex(text: str, canonical: Callable[[str], str]) -> str:
    r"""The text without sizes, fonts and delimiters, with one name for each sign.

    Args:
        text: An answer.
        canonical: What gives the canonical form of a cell of a matrix.
    """
    text = plain_signs(text).replace("~", " ")
    text = _UNFINISHED.sub(r"\\ldots ", text)
    text = _MODULO.sub(lambda found: f" mod {found[1] or found[2]}", text)
    if "\\" in text or "{" in text:
        text = _without_commands(text, canonical)
    text = text.replace("$", "")
    text = _FUNCTION.sub(r"\\", text)
    text = _ASCII_RELATION.sub(lambda found: _ASCII_RELATIONS[found[0]], text)
    text = _ROOT.sub(lambda found: f"\\sqrt{{{found[1] or found[2] or found[3]}}}", text)
    text = _SHORT_SCRIPT.sub(lambda found: found[1] + (found[2] or found[3] or ""), text)
    text = _TIMES.sub("", text)
    if "\\" in text:
        text = _AFTER_COMMAND.sub(r"\1", text)
    if "matrix(" in text:
        text = _BARRED_MATRIX.sub(r"det\1", _ROUND_MATRIX.sub(r"\1", text))
    return " ".join(text.split())


def _without_commands(text: str, canonical: Callable[[str], str]) -> str:
    text = _DEGREE.sub("°", text)
    text = _DECIMAL_COMMA.sub(r"\1.\2", text).replace("{,}", ",").replace("{:}", ":")
    for _ in range(4):
        if "\\begin" not in text:
            break
        text = _ENVIRONMENT.sub(lambda found: _environment(found, canonical), text)
    text = _WRAPPED.sub(r" \1 ", _DIGITS.sub(r"\1", text))
    text = _COMMAND.sub(_command, text)
    text = _EMPTY_SET.sub(r"\\emptyset ", text)
    if "\\frac" in text:
        text = _FRACTION.sub(lambda found: f"\\frac{_braced(found[1])}{_braced(found[2])}", text)
        text = _FRACTION_TAIL.sub(r"\1{\2}", text)
    return text


def _command(found: re.Match[str]) -> str:
    if found[1] is not None:
        return _COMMANDS.get(found[1], found[0])
    return _SYMBOLS.get(found[2], found[2])


def _braced(argument: str) -> str:
    return f"{{{argument.strip('{} ')}}}"


def _environment(found: re.Match[str], canonical: Callable[[str], str]) -> str:
    """A matrix as `matrix(1&2;3&4)`: rows and cells are kept apart."""
    name, body = found[1], found[2]
    rows = [row for row in _ROW.split(body) if row.strip()]
    if name in _LINES:
        return " , ".join(row.replace("&", "") for row in rows)
    cells = [[cell.strip(" ,") for cell in row.split("&")] for row in rows]
    if name.endswith("cases"):
        name = "cases"
        cells = [[row[0], *(_CONDITION.sub("", cell, 1) for cell in row[1:])] for row in cells]
    elif name in {"vmatrix", "Vmatrix"}:
        name = "det"
    elif name.endswith("matrix") or name == "array":
        name = "matrix"
    return f"{name}({';'.join('&'.join(map(canonical, row)) for row in cells)})"


def _balanced(text: str, start: int) -> int:
    """Where the brace that opens at `start` is closed, or -1."""
    depth = 0
    for position in range(start, len(text)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    return -1


_BEFORE: Final = frozenset("+-=(,[{<>; /")
_AFTER: Final = frozenset("+-=),]}<>; ")
_ATOM: Final = re.compile(
    r"(?:[0-9.]+|[A-Za-z]|\\[A-Za-z]+(?:\{[^{}]*\})?)(?:\^(?:[A-Za-z]|-?[0-9]+|\{[^{}]*\}))?"
)


def slashed(text: str) -> str:
    r"""`\frac{a}{b}` as `a/b` where that reads the same: not in `2\frac{a}{b}`."""
    at = text.find("\\frac{")
    while at >= 0:
        middle = _balanced(text, at + 5)
        end = _balanced(text, middle + 1) if text[middle + 1 : middle + 2] == "{" else -1
        if middle < 0 or end < 0:
            break
        free = (at == 0 or text[at - 1] in _BEFORE - {"/"}) and (
            end + 1 == len(text) or text[end + 1] in _AFTER
        )
        if free:
            above, below = text[at + 6 : middle].strip(), text[middle + 2 : end].strip()
            if re.search(r"(?<=.)[-+]", re.sub(r"\{[^{}]*\}|\([^()]*\)", "", above)):
                above = f"({above})"
            if not _ATOM.fullmatch(below):
                below = f"({below})"
            text = f"{text[:at]}{above}/{below}{text[end + 1 :]}"
            at = text.find("\\frac{", at)
        else:
            at = text.find("\\frac{", at + 1)
    return text
