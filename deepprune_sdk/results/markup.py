"""What the HTML of pictures and reports is made of: escaped text, colours, and the picture's style.

Colours are Okabe and Ito's, which colour-blind people tell apart, each in two shades so that it
stands out on light and on dark paper. What is printed is always light.
"""

from __future__ import annotations

import html
import unicodedata
from typing import Final

__all__ = ["COLOURS", "PICTURE_STYLE", "escaped", "scheme", "visible"]

_LIGHT: Final = {
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "soft": "#59636e",
    "line": "#d1d9e0",
    "none": "#8c959f",
    "bad": "#b3261e",
    "c0": "#3fa2dc",
    "c1": "#e69f00",
    "c2": "#009e73",
    "c3": "#c46a9b",
    "c4": "#d55e00",
    "c5": "#0072b2",
    "c6": "#b8a800",
}
_DARK: Final = {
    "paper": "#14181d",
    "ink": "#e6edf3",
    "soft": "#9aa5b1",
    "line": "#343c45",
    "none": "#7d8792",
    "bad": "#ff8a80",
    "c0": "#56b4e9",
    "c1": "#e69f00",
    "c2": "#1fb88c",
    "c3": "#d68bb5",
    "c4": "#e8743b",
    "c5": "#4a90e2",
    "c6": "#f0e442",
}
COLOURS: Final = sum(name[1:].isdigit() for name in _LIGHT)
"""How many colours `--c0`, `--c1`, ... there are."""


def scheme(selector: str) -> str:
    """Return CSS that gives the elements of `selector` the colours as custom properties."""
    light, dark = (
        f"{selector}{{{';'.join(f'--{name}:{value}' for name, value in table.items())}}}"
        for table in (_LIGHT, _DARK)
    )
    return f"{light}\n@media screen and (prefers-color-scheme:dark){{{dark}}}\n"


# --- untrusted text -------------------------------------------------------------------------------


class _Symbols(dict[int, str]):
    """For `str.translate`: what is invisible, or reorders a line, becomes a symbol for it."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        match unicodedata.category(char):
            case "Cc":
                shown = chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"
            case "Cf" if char not in "\u200c\u200d":  # joiners: scripts and emoji need them
                shown = f"⟨U+{code:04X}⟩"
            case "Cs":
                shown = "\ufffd"
            case "Zl" | "Zp":
                shown = "↵"
            case _:
                shown = char
        self[code] = shown
        return shown


_ONE_LINE: Final = _Symbols({0x0A: "↵"})
_LINES: Final = _Symbols({0x0A: "\n", 0x09: "\t"})


def visible(text: str, *, limit: int | None = None, lines: bool = False) -> str:
    """Return untrusted text with nothing hidden in it; it may still hold markup.

    Args:
        text: Anything.
        limit: Most characters; of a longer text the rest becomes an ellipsis.
        lines: Keep line ends and tabs; else they become symbols, as other control characters do.
    """
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return text.translate(_LINES if lines else _ONE_LINE)


def escaped(text: str, *, limit: int | None = None, lines: bool = False) -> str:
    """Return `visible(text)` as HTML, for an element or a quoted attribute."""
    return html.escape(visible(text, limit=limit, lines=lines))


# --- style ----------------------------------------------------------------------------------------

# A bar's length and everything on the axis are shares (--x, --w) of the room between the gutter for
# names and numbers (--l + --n) and the one for answers (--r), so that a picture fits any width.
PICTURE_STYLE: Final = (
    scheme(".dp-run")
    + """\
.dp-run{--l:50px;--n:34px;--r:140px;--h:20px;--b:13px;box-sizing:border-box;max-width:64em;
margin:0;padding:.8em 1em;background:var(--paper);color:var(--ink);
font:13px/1.4 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;text-align:left;
-webkit-print-color-adjust:exact;print-color-adjust:exact}
.dp-m{--h:14px;--b:9px}
.dp-s{--h:3px;--b:2px;--l:58px;--n:0px;--r:170px}
@media(max-width:520px){.dp-run{--r:96px}}
.dp-run *{box-sizing:border-box}
.dp-run figcaption{margin:0 0 .8em;color:var(--ink);font-style:normal;text-align:left}
.dp-run em,.dp-run i{font-style:normal}
.dp-axis{position:relative;height:18px;margin:0 var(--r) 0 calc(var(--l) + var(--n));
font-size:11px;color:var(--soft)}
.dp-axis span{position:absolute;left:calc(100%*var(--x));transform:translateX(-50%)}
.dp-axis em{position:absolute;left:calc(100% + 22px)}
.dp-plot{position:relative;border-top:1px solid var(--soft);padding-bottom:2px}
.dp-plot>i{position:absolute;top:0;bottom:0;width:0;border-left:1px solid var(--line);
left:calc(var(--l) + var(--n) + (100% - var(--l) - var(--n) - var(--r))*var(--x))}
.dp-group{position:relative;display:flex;min-height:18px;padding:3px 0;
border-bottom:1px solid var(--line);break-inside:auto}
.dp-name{flex:none;width:var(--l);line-height:15px;white-space:nowrap;font-size:11px;
color:var(--soft)}
.dp-name b{display:inline-block;min-width:1.5em;padding:0 .25em;margin-right:.3em;
border-radius:3px;background:var(--c);color:#000;text-align:center}
.dp-rows{flex:1;min-width:0}
.dp-row{display:flex;align-items:center;height:var(--h);white-space:nowrap;break-inside:avoid}
.dp-row>span{flex:none;width:var(--n);padding-right:.6em;text-align:right;font-size:11px;
color:var(--soft);font-variant-numeric:tabular-nums}
.dp-row>i,.dp-legend i{position:relative}
.dp-row>i{flex:none;height:var(--b);width:calc((100% - var(--n) - var(--r))*var(--w));
min-width:2px;background:var(--c)}
.dp-run s{position:absolute;left:calc(100%*var(--x));top:-3px;bottom:-3px;width:1px;
background:var(--ink);box-shadow:0 0 0 1px var(--paper)}
.dp-s s{top:0;bottom:0;box-shadow:none}
.dp-s .dp-row>span,.dp-s .dp-row>em,.dp-s .dp-row>u{display:none}
.dp-row>em,.dp-row>u{flex:1;min-width:0;overflow:hidden;text-overflow:ellipsis;padding-left:.6em;
text-decoration:none;color:var(--ink);
text-shadow:0 0 2px var(--paper),0 0 2px var(--paper),0 0 3px var(--paper)}
.dp-m .dp-row>em,.dp-m .dp-row>u{font-size:11px}
.dp-row>em{color:var(--soft)}
.dp-sum{position:absolute;right:0;top:1px;bottom:1px;width:calc(var(--r) - .6em);font-size:11px;
line-height:15px;overflow:hidden}
.dp-sum div{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.dp-legend i{flex:none;width:26px;height:9px;margin-right:.5em;background:var(--c)}
.dp-pruned>i{background:repeating-linear-gradient(90deg,var(--c) 0 3px,transparent 3px 6px)}
.dp-pruned>i,.dp-answered>i{border-right:2px solid var(--ink)}
.dp-live>i,.dp-stopped>i{background:linear-gradient(90deg,var(--c) 40%,transparent)}
.dp-failed>i{background:none;border:1px dotted var(--bad);border-right:2px solid var(--bad)}
.dp-failed>em{color:var(--bad)}
.dp-s .dp-pruned>i,.dp-s .dp-answered>i{border-right-width:3px}
.dp-s .dp-failed>i{background:var(--bad);border:0}
.dp-row:hover{background:color-mix(in srgb,var(--soft) 18%,transparent)}
.dp-legend{--c:var(--none);display:flex;flex-wrap:wrap;gap:.2em 1.6em;margin-top:.7em;
font-size:11px;color:var(--soft)}
.dp-legend span{display:flex;align-items:center}
.dp-legend s{--x:.5}
"""
)
