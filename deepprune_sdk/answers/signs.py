"""The signs of mathematics and the digits of all scripts, as LaTeX and ASCII write them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["TRANSLATION", "plain_fractions", "plain_signs"]

TRANSLATION: Final = {
    **{0xFF01 + offset: chr(0x21 + offset) for offset in range(94)},  # fullwidth forms of ASCII
    **{
        zero + digit: str(digit)
        for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66)
        for digit in range(10)
    },
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63"), "-"),
    **dict.fromkeys(map(ord, "\u00d7\u00b7\u22c5\u2219"), "*"),
    **dict.fromkeys(map(ord, "€£¥₹"), "$"),
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"), ""),  # zero width
    **dict.fromkeys(map(ord, "\u2018\u2019\u2032"), "'"),
    **dict.fromkeys(map(ord, "“”„«»「」"), '"'),
    # The space makes a mixed number of 1½.
    ord("½"): " 1/2",
    ord("⅓"): " 1/3",
    ord("⅔"): " 2/3",
    ord("¼"): " 1/4",
    ord("¾"): " 3/4",
    ord("÷"): "/",
    ord("º"): "°",
    ord("π"): "\\pi ",
    ord("∞"): "\\infty ",
    ord("√"): "\\sqrt ",
    ord("≤"): "\\le ",
    ord("≥"): "\\ge ",
    ord("≠"): "\\ne ",
    ord("≈"): "\\approx ",
    ord("±"): "\\pm ",
    ord("∓"): "\\mp ",
    ord("∪"): "\\cup ",
    ord("∩"): "\\cap ",
    ord("∅"): "\\emptyset ",
    ord("∈"): "\\in ",
    ord("∉"): "\\notin ",
    ord("⊂"): "\\subset ",
    ord("⊆"): "\\subseteq ",
    ord("∧"): "\\land ",
    ord("∨"): "\\lor ",
    ord("¬"): "\\neg ",
    ord("→"): "\\to ",
    ord("⇒"): "\\to ",
    ord("∠"): "\\angle ",
    ord("∑"): "\\sum ",
    ord("∫"): "\\int ",
    ord("ℝ"): "\\mathbb{R}",
    ord("ℤ"): "\\mathbb{Z}",
    ord("ℚ"): "\\mathbb{Q}",
    ord("ℕ"): "\\mathbb{N}",
    ord("ℂ"): "\\mathbb{C}",
    ord("µ"): "μ",
    ord("İ"): "I",  # whose small letter is two characters
    ord("\u2126"): "Ω",
    ord("。"): ".",
    ord("、"): ", ",
    ord("٪"): "%",
    ord("٫"): ".",
    ord("٬"): ",",
    ord("،"): ", ",
}  # fmt: skip

_SCRIPT_SIGNS: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ₀₁₂₃₄₅₆₇₈₉₊₋ₙ", "0123456789+-n0123456789+-n")
_SUPERSCRIPT: Final = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+")
_SUBSCRIPT: Final = re.compile("[₀₁₂₃₄₅₆₇₈₉₊₋ₙ]+")
_FRACTIONS: Final = {"½": "1}{2", "⅓": "1}{3", "⅔": "2}{3", "¼": "1}{4", "¾": "3}{4"}
_FACTOR: Final = re.compile(rf"(?<![0-9])[{''.join(_FRACTIONS)}](?= ?[A-Za-z(√π])")
_GREEK_NAMES: Final = """
    α alpha β beta γ gamma δ delta ε epsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu
    ξ xi ρ rho σ sigma τ tau υ upsilon φ phi χ chi ψ psi ω omega Γ Gamma Δ Delta Θ Theta Λ Lambda
    Ξ Xi Π Pi Σ Sigma Φ Phi Ψ Psi Ω Omega
"""
_LETTERS: Final = _GREEK_NAMES.split()
_GREEK: Final[dict[str, str]] = dict(zip(_LETTERS[::2], _LETTERS[1::2], strict=True))
# A letter by itself: those of a Greek word are none of mathematics.
_GREEK_LETTER: Final = re.compile(
    rf"(?<![\u0370-\u03ff\u1f00-\u1fff])[{''.join(_GREEK)}](?![\u0370-\u03ff\u1f00-\u1fff])"
)


def plain_fractions(text: str) -> str:
    """The text with the fraction that is a factor as LaTeX writes it: `½x` is not `1/2x`."""
    return _FACTOR.sub(lambda found: f"\\frac{{{_FRACTIONS[found[0]]}}}", text)


def plain_signs(text: str) -> str:
    """The text with its superscripts, subscripts and Greek letters as LaTeX writes them."""
    if text.isascii():
        return text
    text = _SUPERSCRIPT.sub(lambda found: f"^{{{found[0].translate(_SCRIPT_SIGNS)}}}", text)
    text = _SUBSCRIPT.sub(lambda found: f"_{{{found[0].translate(_SCRIPT_SIGNS)}}}", text)
    return _GREEK_LETTER.sub(lambda found: f"\\{_GREEK[found[0]]} ", text)
