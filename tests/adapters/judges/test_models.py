"""Judges with real models in this process: sentence-transformers, static vectors, transformers."""

from __future__ import annotations

import importlib.util
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from support.pairs import pair
from support.smollm import widen
from support.swapping import judged_run
from support.tiny_models import tiny, words

from deepprune_adapters.judges import EmbeddingJudge, JudgePrompt, RemoteJudge, TransformersJudge
from deepprune_adapters.llama import LlamaBackend
from deepprune_adapters.llama.gguf import embedded_model
from deepprune_sdk.data import Verdict
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.testing import check_judge

pytestmark = [pytest.mark.embed, pytest.mark.anyio]

HOSTILE = ("", "\ud800 {left} <|im_end|>")
SHORT = JudgePrompt(
    instruction="Read two solutions.",
    input="{left}\n---\n{right}\n---\nDo both lead to the same final answer? Answer Yes or No.",
    same=("yes", "identical"),
    different=("no", "not identical"),
)
TEXTS = (
    "Each box holds 12 pencils, so 3 boxes hold 3 * 12 =",
    "There are 3 boxes of 12 pencils:\n\n1. 12 + 12 = 24\n2. 24 +",
    "We divide the 12 pencils by 3 boxes, which leaves 4 in",
    "First, 12 pencils a box. Then 10 boxes would be 120, so",
)
PAIRS = [pair(TEXTS[a], TEXTS[b]) for a, b in ((0, 1), (0, 2), (1, 2), (3, 0), (2, 3), (0, 0))]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop: what these judges do does not depend on it."""
    return "asyncio"


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = importlib.util.find_spec("all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    folder = tmp_path_factory.mktemp("minilm")
    with ZipFile(Path(spec.origin).with_name("model.zip")) as archive:
        archive.extractall(folder)
    (modules,) = folder.rglob("modules.json")
    return modules.parent


# --- embeddings -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sentences(minilm: Path) -> EmbeddingJudge:
    return EmbeddingJudge.sentence_transformers(minilm)


async def test_minilm_ranks_what_is_alike_first(sentences: EmbeddingJudge) -> None:
    other = pair(TEXTS[0], "Paris is in France, so")
    alike, other = await sentences.compare([PAIRS[0], other])

    assert alike.probability is not None
    assert other.probability is not None
    assert alike.probability > 2 * other.probability


async def test_minilm_keeps_the_contract_and_is_quiet(
    sentences: EmbeddingJudge, minilm: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await check_judge(sentences, hostile=HOSTILE)
    EmbeddingJudge.sentence_transformers(minilm)

    assert "it/s" not in capfd.readouterr().err


def test_a_directory_without_an_embedding_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no sentence-transformers model at"):
        EmbeddingJudge.sentence_transformers(tmp_path)


def tensors(path: Path, **arrays: Any) -> Path:
    numpy: Any = import_module("numpy")
    path.parent.mkdir(parents=True, exist_ok=True)
    named = {name.replace("__", "."): numpy.array(value) for name, value in arrays.items()}
    import_module("safetensors.numpy").save_file(named, str(path))
    return path


VECTORS = [[0.0, 9.0], [1.0, 0.0], [0.0, 1.0]]


async def cosine(judge: EmbeddingJudge, left: str, right: str) -> float | None:
    (verdict,) = await judge.compare([pair(left, right)])
    return verdict.probability


async def test_a_model2vec_directory(tmp_path: Path) -> None:
    words(tmp_path, ["[UNK]", "a", "b"])
    tensors(tmp_path / "model.safetensors", embeddings=VECTORS)
    judge = EmbeddingJudge.static(tmp_path, intercept=0.0, slope=1.0)

    # A token that is not known has no part in the mean.
    assert await cosine(judge, "a", "a unknown a") == pytest.approx(0.7311, abs=1e-4)
    assert await cosine(judge, "a", "b") == pytest.approx(0.5)
    assert await cosine(judge, "a", "") == pytest.approx(0.5)
    await check_judge(judge, hostile=HOSTILE)


async def test_a_quantized_vocabulary(tmp_path: Path) -> None:
    words(tmp_path, ["[UNK]", "a", "b", "c"])
    tensors(
        tmp_path / "model.safetensors",
        embeddings=VECTORS[1:],
        mapping=[0, 0, 1, 1],
        weights=[1.0, 1.0, 1.0, 0.0],
    )
    judge = EmbeddingJudge.static(tmp_path, intercept=0.0, slope=1.0)

    assert await cosine(judge, "b", "b c") == pytest.approx(0.7311, abs=1e-4)
    assert await cosine(judge, "a c", "a") == pytest.approx(0.7311, abs=1e-4)


async def test_the_file_of_wordllama(tmp_path: Path) -> None:
    vocabulary = words(tmp_path / "tokenizers", ["[UNK]", "a", "b"])
    vocabulary.rename(vocabulary.with_name("l2_small_tokenizer_config.json"))
    weights = tensors(tmp_path / "weights" / "l2_small_256.safetensors", embedding__weight=VECTORS)

    judge = EmbeddingJudge.static(weights, intercept=0.0, slope=1.0)

    assert await cosine(judge, "a b", "a b") == pytest.approx(0.7311, abs=1e-4)


def test_files_that_are_no_static_embedding(tmp_path: Path) -> None:
    words(tmp_path, ["[UNK]", "a", "b", "c"])
    weights = tensors(tmp_path / "model.safetensors", embeddings=VECTORS)
    with pytest.raises(ConfigurationError, match="3 vectors for the 4 tokens"):
        EmbeddingJudge.static(tmp_path)
    tensors(weights, other=VECTORS)
    with pytest.raises(ConfigurationError, match="holds other, and neither"):
        EmbeddingJudge.static(tmp_path)
    weights.write_bytes(b"no tensors")
    with pytest.raises(ConfigurationError, match="no static embedding"):
        EmbeddingJudge.static(tmp_path)


# --- a language model -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """The embedded model with 32-bit weights: 540 MB, so it goes as soon as it can."""
    path = tmp_path_factory.mktemp("model") / "smollm2.gguf"
    widen(embedded_model(), path)
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def smollm(wide: Path) -> TransformersJudge:
    return TransformersJudge(wide, prompt=SHORT, device="cpu")


async def test_a_local_model_says_what_the_served_one_says(
    wide: Path, smollm: TransformersJudge
) -> None:
    local = await smollm.compare(PAIRS)
    async with LlamaBackend(wide, slots=1, context=256, threads=1) as backend:
        served = await RemoteJudge(
            backend.model,
            base_url=backend.base_url,
            api_key=backend.api_key,
            prompt=SHORT,
            concurrency=1,
        ).compare(PAIRS)

    for here, there in zip(local, served, strict=True):
        assert here.probability == pytest.approx(there.probability, abs=0.02)
        assert here.usage.prompt == there.usage.prompt
    assert len({round(verdict.probability or 0.0, 3) for verdict in local}) > 3


async def test_padding_changes_nothing(smollm: TransformersJudge) -> None:
    mixed = [PAIRS[0], pair(TEXTS[0] * 3, TEXTS[1]), PAIRS[1]]

    together = await smollm.compare(mixed)

    for one, verdict in zip(mixed, together, strict=True):
        (alone,) = await smollm.compare([one])
        assert alone.probability == pytest.approx(verdict.probability, abs=1e-3)


async def test_judges_are_swapped_by_one_argument(
    smollm: TransformersJudge, sentences: EmbeddingJudge
) -> None:
    async with LlamaBackend(slots=2, context=256, threads=1) as backend:
        await judged_run(backend, smollm)
        await judged_run(backend, sentences)


# --- other checkpoints ----------------------------------------------------------------------------


async def test_a_causal_checkpoint_without_a_chat_template(tmp_path: Path) -> None:
    judge = TransformersJudge(tiny(tmp_path, "LlamaForCausalLM"), candidates=100)

    await check_judge(judge, hostile=HOSTILE)


async def test_prefixes_longer_than_the_context_are_cut(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    judge = TransformersJudge(tiny(tmp_path, "LlamaForCausalLM"), candidates=100, prompt=SHORT)
    long = pair("pencils " * 200, "12 " * 100)

    verdicts = await judge.compare([long, long, pair(), pair(question="why " * 99)])

    assert judge.cut == 4
    assert caplog.text.count("cut to their first tokens") == 1
    assert [verdict.usage.prompt <= 96 for verdict in verdicts] == [True] * 4
    assert verdicts[0].usage.prompt > 80
    narrow = TransformersJudge(tmp_path, candidates=100, prompt=SHORT, context=20)
    assert await narrow.compare([long]) == [Verdict(probability=None)]


async def test_both_orders_are_averaged(tmp_path: Path) -> None:
    tiny(tmp_path, "LlamaForCausalLM")
    one = TransformersJudge(tmp_path, candidates=100)
    both = TransformersJudge(tmp_path, candidates=100, both_orders=True, batch_size=1)
    there, back = pair("12 pencils", "no"), pair("no", "12 pencils")

    apart = [v.probability or 0.0 for v in await one.compare([there, back])]
    (mean,) = await both.compare([there])

    assert mean.probability == pytest.approx(sum(apart) / 2, abs=1e-4)
    assert mean.usage.generated == 2


LABELS = {0: "not identical", 1: "identical"}


async def test_a_sequence_classifier(tmp_path: Path) -> None:
    tiny(tmp_path, "LlamaForSequenceClassification", id2label=LABELS)
    judge = TransformersJudge(tmp_path)
    turned = TransformersJudge(tmp_path, same_label="not identical")

    (verdict,) = await judge.compare([PAIRS[0]])
    (other,) = await turned.compare([PAIRS[0]])

    assert verdict.probability is not None
    assert other.probability == pytest.approx(1 - verdict.probability, abs=1e-4)
    assert verdict.usage.generated == 0
    await check_judge(judge, hostile=HOSTILE)


async def test_a_classifier_with_one_output(tmp_path: Path) -> None:
    tiny(tmp_path, "LlamaForSequenceClassification", num_labels=1)

    (verdict,) = await TransformersJudge(tmp_path).compare([PAIRS[0]])

    assert verdict.probability is not None


def test_labels_that_say_nothing_must_be_named(tmp_path: Path) -> None:
    tiny(tmp_path, "LlamaForSequenceClassification", id2label={0: "good", 1: "bad"})

    with pytest.raises(ConfigurationError, match="labels are good, bad; name the one"):
        TransformersJudge(tmp_path)
    with pytest.raises(ConfigurationError, match="same_label='fine'"):
        TransformersJudge(tmp_path, same_label="fine")


def test_what_is_no_judge(tmp_path: Path, minilm: Path) -> None:
    with pytest.raises(ConfigurationError, match="BertModel is no judge"):
        TransformersJudge(minilm)
    with pytest.raises(ConfigurationError, match="no judge model at") as caught:
        TransformersJudge(tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="no such file"):
        TransformersJudge(tmp_path / "model.gguf")
    with pytest.raises(ConfigurationError, match="allow_download=True"):
        TransformersJudge("no-such/model")
    with pytest.raises(ConfigurationError, match="dtype='float31' is unknown"):
        TransformersJudge(tiny(tmp_path, "LlamaForCausalLM"), dtype="float31")


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    torch: Any = import_module("torch")
    weights = tiny(tmp_path, "LlamaForCausalLM") / "model.safetensors"
    loaded = import_module("safetensors.torch").load_file(str(weights))
    weights.unlink()
    torch.save(loaded, tmp_path / "pytorch_model.bin")

    with pytest.raises(ConfigurationError, match="safetensors"):
        TransformersJudge(tmp_path)
