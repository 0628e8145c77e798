"""The default judge: what it reads, what it makes of a pair, and of a batch."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepprune_sdk import ConfigurationError
from deepprune_sdk.data import Pair, TracePrefix
from deepprune_sdk.judges.features import read_profile
from deepprune_sdk.judges.learned import LearnedJudge, ProfileCache
from deepprune_sdk.judges.likeness import FEATURES, UNLIKE, likeness, sameness
from deepprune_sdk.judges.weights import load_weights

QUESTION = "A watermelon weighs 23 pounds and costs $2 a pound. What do 18 of them bring?"
PER_PIECE = "Each melon brings $23 \\times 2 = 46$ dollars. All of them bring $46 \\times 18"
PER_POUND = "The total weight is 18 * 23 = 414 pounds. The total price is 414 * 2"
WRONG = "Add the numbers: 23 + 2 = 25. Then 25 + 18 = 43. So they bring"


def prefix(text: str, trace: int = 0, *, finished: bool = False) -> TracePrefix:
    return TracePrefix(
        trace=trace, checkpoint=0, text=text, tokens=len(text.split()), finished=finished
    )


def pair(left: str, right: str, question: str = QUESTION) -> Pair:
    return Pair(question=question, left=prefix(left), right=prefix(right, 1))


def score(left: str, right: str, question: str = QUESTION) -> float:
    (verdict,) = LearnedJudge().score([pair(left, right, question)])
    assert verdict.probability is not None
    return verdict.probability


def values(left: str, right: str, question: str = "") -> dict[str, float | None]:
    compared = likeness(read_profile(question, left), read_profile(question, right))
    return dict(zip(FEATURES, compared, strict=True))


def test_a_profile_by_hand() -> None:
    profile = read_profile(QUESTION, PER_PIECE)

    assert profile.order == ("23", "2", "46", "46", "18")
    assert profile.results == ("46",)
    assert set(profile.new) == {"46"}
    assert profile.steps == {("*", "2", "23"), ("*", "18", "46"), ("=", "46")}
    assert not profile.unknowns


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("1. First.\n  - 2) **Step 3:** take 7", ["7"]),  # what only numbers a list
        ("as in step 2 and equation 4, 1,000.50", ["1000.5"]),
        (r"\frac{3}{4} of \text{12 eggs}", ["3", "4", "12"]),
        (r"\$1{,}200 and 007 and 0.250", ["1200", "7", "0.25"]),
        ("\uff11\uff12 or \u0663", ["12"]),  # full width, but no digits of other scripts
    ],
)
def test_the_numbers_that_are_read(text: str, order: list[str]) -> None:
    assert list(read_profile("", text).order) == order


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("3 + 4 = 7", {("+", "3", "4"), ("=", "7")}),
        ("4 \u00d7 3", {("*", "3", "4")}),
        ("divide 12 by 4", set[tuple[str, ...]]()),  # between two numbers stands only "by"
        ("12 divided by 4", {("/", "12", "4")}),
        ("5 ounces/day, 6 days", set[tuple[str, ...]]()),  # a unit, not a division
        ("5\n- 6\n* 7", set[tuple[str, ...]]()),  # bullets
        ("= 3 * 4", {("*", "3", "4")}),  # 3 is no result
        ("= 3\n* 4", {("=", "3")}),
    ],
)
def test_the_steps_that_are_read(text: str, steps: set[tuple[str, ...]]) -> None:
    assert read_profile("", text).steps == steps


def test_features_by_hand() -> None:
    compared = values("3 + 4 = 7 eggs", "4 + 3 = 7 hens")

    assert compared["results"] == 1.0
    assert compared["steps"] == 1.0
    assert compared["order"] == pytest.approx(2 / 3)  # "3 7" of "3 4 7" and "4 3 7"
    assert compared["new"] == pytest.approx(1.0)
    assert values("let x be", "2 and 3")["unknowns"] == 1.0
    assert values("", "")["order"] is None


def test_sameness_is_the_overlap_of_all_pairs() -> None:
    # The later half of each: "b c" and "b c", "b d". Pairs of words: {bc}, {bc}, {bd}.
    profiles = [read_profile("", text) for text in ("x y b c", "y x b c", "x y b d")]

    assert sameness(profiles[:2]) == 1.0
    assert sameness(profiles) == pytest.approx(1 / 5)
    assert sameness([read_profile("", "x y b c"), read_profile("", "x y d e")]) == UNLIKE
    assert sameness(profiles[:1]) is None
    assert sameness([read_profile("", ""), read_profile("", "")]) is None


def test_the_same_way_is_likelier_than_another() -> None:
    other_words = "One watermelon: 23 * 2 = 46 dollars. Now 18 melons make 46 * 18"

    assert score(PER_PIECE, other_words) > score(PER_PIECE, WRONG)
    assert score(PER_POUND, PER_POUND) > score(PER_POUND, WRONG)


def test_multiple_choice_other_languages_and_markup() -> None:
    for same, other in (
        ("Option B says 5 > 3, so B", "Option C says 5 > 9, so C fits best here"),
        ("Die Summe ist 12 + 30 = 42 Euro", "Zuerst ziehen wir 30 - 12 = 18 ab"),
        ("合計は 12 + 30 = 42 円です", "まず 30 - 12 = 18 を引きます"),
        (r"\[ x = \frac{6}{2} = 3 \]", r"\[ y = \sqrt{81} = 9 \]"),
    ):
        assert score(same, same, "?") > score(same, other, "?")


def test_a_batch_tells_an_easy_problem_from_a_hard_one() -> None:
    judge = LearnedJudge()
    asked = pair(PER_PIECE, PER_POUND)
    alike = [pair(PER_PIECE, PER_PIECE), pair(PER_PIECE, PER_PIECE)]
    unlike = [pair(WRONG, "We do not know the price of a melon yet, so let p be")]

    alone, easy, hard = (judge.score([asked, *rest])[0] for rest in ([], alike, unlike))

    assert easy.probability is not None
    assert hard.probability is not None
    assert easy.probability > hard.probability
    # What was asked before says nothing.
    assert judge.score([asked])[0] == alone


def test_a_prior_moves_the_odds_of_every_pair_alike() -> None:
    weights = load_weights()
    asked = [pair(PER_PIECE, WRONG), pair(PER_PIECE, PER_POUND), pair(WRONG, WRONG)]

    def odds(prior: float | None) -> list[float]:
        given = [v.probability or 0.0 for v in LearnedJudge(weights, prior=prior).score(asked)]
        return [p / (1 - p) for p in given]

    # The prior odds of 4 against those of the fitted pairs.
    ratio = 4 / (weights.prior / (1 - weights.prior))
    assert odds(0.8) == pytest.approx([ratio * odd for odd in odds(None)])
    assert odds(weights.prior) == pytest.approx(odds(None))


@pytest.mark.parametrize("prior", [0.0, 1.0, -0.1, float("nan")])
def test_a_prior_that_is_no_share_is_refused(prior: float) -> None:
    with pytest.raises(ConfigurationError, match=r"LearnedJudge\(prior="):
        LearnedJudge(prior=prior)


def test_each_question_and_checkpoint_of_a_batch_stands_for_itself() -> None:
    judge = LearnedJudge()
    first, second = pair(PER_PIECE, PER_POUND), pair(PER_PIECE, WRONG, "Another question?")

    assert judge.score([first, second]) == judge.score([first]) + judge.score([second])


def test_a_finished_trace_is_compared_but_says_nothing_of_the_rest() -> None:
    judge = LearnedJudge()
    whole = prefix(PER_PIECE + " = 828$. The answer is 828.", 2, finished=True)
    asked = pair(PER_PIECE, PER_POUND)
    mixed = Pair(question=QUESTION, left=asked.left, right=whole)

    assert judge.score([asked, mixed])[0] == judge.score([asked])[0]
    assert judge.score([mixed])[0].probability is not None


texts = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            (
                *(
                    "12",
                    "3.5",
                    "1,000",
                    "=",
                    "+",
                    "-",
                    "/",
                    "\n",
                    "- ",
                    "1. ",
                    "x",
                    "eggs",
                    "twice",
                ),
                *("\\frac{1}{2}", "\\text{", "}", "\\boxed{", "$", "合", "\\", "half "),
            )
        )
    ).map(" ".join),
)


@given(left=texts, right=texts, question=texts)
def test_any_text_has_a_probability_and_the_order_says_nothing(
    left: str, right: str, question: str
) -> None:
    probability = score(left, right, question)

    assert 0.0 < probability < 1.0
    assert probability == score(right, left, question)


@given(st.lists(texts, min_size=2, max_size=5))
def test_the_order_of_a_batch_says_nothing(batch: list[str]) -> None:
    pairs = [
        Pair(question="?", left=prefix(batch[0]), right=prefix(text, trace))
        for trace, text in enumerate(batch[1:], start=1)
    ]

    assert LearnedJudge().score(pairs[::-1]) == LearnedJudge().score(pairs)[::-1]


def test_long_runs_of_one_character_are_read() -> None:
    # Quadratic passes would take minutes.
    for unit in ("1", " ", "\n", "\\", "{", "\\text{", "\\frac{", "*", "-", "a", "1,", "1.", "$"):
        read_profile("", unit * 50_000)


def test_what_is_kept_of_read_prefixes_is_bounded() -> None:
    cache = ProfileCache()
    first = cache.read("", "text 0")

    for number in range(ProfileCache.LIMIT):
        assert cache.read("", f"text {number + 1}").order == (str(number + 1),)

    assert cache.read("", "text 0") is not first
    assert cache.read("", "text 0") is cache.read("", "text 0")


@pytest.mark.anyio
async def test_it_judges_the_same_in_its_thread() -> None:
    asked = [pair(PER_PIECE, WRONG), pair(PER_PIECE, PER_POUND)]

    assert await LearnedJudge().compare(asked) == LearnedJudge().score(asked)
    assert await LearnedJudge().compare([]) == []


def test_weights_are_read_back_as_written(tmp_path: Path) -> None:
    shipped = load_weights()
    file = tmp_path / "weights.json"
    file.write_text(shipped.dump(), encoding="utf-8")

    assert load_weights(file) == shipped
    assert load_weights(file).dump() == shipped.dump()
    asked = [pair(PER_PIECE, WRONG)]
    assert LearnedJudge(file).score(asked) == LearnedJudge().score(asked)
    assert LearnedJudge(shipped).score(asked) == LearnedJudge().score(asked)


def test_the_shipped_weights_have_the_signs_that_they_should() -> None:
    shipped = load_weights()

    assert shipped.sameness.weight > 0
    assert {name for name, term in shipped.features.items() if term.weight < 0} <= {"unknowns"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "Invalid JSON"),
        ("[]", "no weights of a LearnedJudge"),
        ('{"format": "deepprune-learned/2"}', "deepprune-learned/1"),
    ],
)
def test_a_file_of_something_else_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"other\.json") as caught:
        LearnedJudge(file)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_that_could_not_work_are_refused(tmp_path: Path) -> None:
    shipped = load_weights().model_dump(mode="json")
    file = tmp_path / "weights.json"
    damaged: list[dict[str, object]] = [
        {"intercept": None},
        {"intercept": float("inf")},
        {"features": {}},
        {"sameness": {"mean": 0.0, "deviation": 0.0, "weight": 0.0}},
        {"added": 1},
    ]
    for damage in damaged:
        file.write_text(json.dumps(shipped | damage), encoding="utf-8")
        with pytest.raises(ConfigurationError, match=r"weights\.json"):
            LearnedJudge(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.json: No such file.*fit-light"):
        LearnedJudge(str(tmp_path / "nowhere.json"))
