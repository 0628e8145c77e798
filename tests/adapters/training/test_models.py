"""Training with torch: the loss, the rows, a tiny model from pairs to a judge, and a kill."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.chat_server import chat_server
from support.pairs import completion
from support.tiny_models import tiny
from support.training_pairs import TOLD, pair_directory, record, told

from deepprune_adapters.cli.app import run
from deepprune_adapters.judges import RemoteJudge, TransformersJudge
from deepprune_adapters.judges.encoding import PromptEncoder
from deepprune_adapters.training.encoded import Labels, collator, encode_pairs
from deepprune_adapters.training.figures import Figures, auroc_by_problem
from deepprune_adapters.training.losses import IGNORED, focal_loss, judge_loss
from deepprune_adapters.training.pairset import read_pairs
from deepprune_adapters.training.settings import PRESETS, TrainSettings
from deepprune_adapters.training.train import train_judge
from deepprune_sdk import ConfigurationError

pytestmark = pytest.mark.embed

QUICK = TrainSettings(max_steps=16, learning_rate=1e-2, evaluations=4, batch=8, micro_batch=4)


@pytest.fixture
def torch() -> Any:
    return import_module("torch")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("base"), "LlamaForCausalLM", hidden_size=32)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pair_directory(tmp_path_factory.mktemp("told") / "pairs")


@pytest.fixture(scope="module")
def generative(
    base: Path, pairs: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Figures]:
    path = tmp_path_factory.mktemp("generative") / "judge"
    return path, train_judge(pairs, base, path, QUICK, tell=lambda line: None)


# --- the loss -------------------------------------------------------------------------------------


def drawn(torch: Any, rows: int = 40, classes: int = 7) -> tuple[Any, Any]:
    torch.manual_seed(1)
    logits = (4 * torch.randn(rows, classes, dtype=torch.float64)).float().requires_grad_()
    return logits, torch.randint(classes, (rows,))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_focal_loss_is_its_formula(torch: Any, gamma: float) -> None:
    logits, targets = drawn(torch)
    weights = torch.rand(len(targets))

    loss = focal_loss(logits, targets, gamma=gamma, weights=weights)

    for row, target, weight, value in zip(logits, targets, weights, loss, strict=True):
        p = torch.softmax(row.double(), dim=0)[target]
        expected = -weight * (1 - p) ** gamma * torch.log(p)
        assert value.item() == pytest.approx(expected.item(), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_the_gradient_of_focal_loss_is_that_of_its_formula(torch: Any, gamma: float) -> None:
    logits, targets = drawn(torch, rows=6)
    exact = logits.detach().double().requires_grad_()

    focal_loss(logits, targets, gamma=gamma).sum().backward()
    p = torch.softmax(exact, dim=1).gather(1, targets[:, None])
    (-((1 - p) ** gamma) * torch.log(p)).sum().backward()

    torch.testing.assert_close(logits.grad.double(), exact.grad, rtol=1e-4, atol=1e-6)


def test_without_gamma_it_is_cross_entropy_and_so_is_its_gradient(torch: Any) -> None:
    logits, targets = drawn(torch)
    targets[::5] = IGNORED
    other = logits.detach().clone().requires_grad_()

    loss = focal_loss(logits, targets, gamma=0.0)
    expected = torch.nn.functional.cross_entropy(other, targets, reduction="none")
    loss.sum().backward()
    expected.sum().backward()

    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(logits.grad, other.grad)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_what_is_certain_has_a_finite_gradient(torch: Any, gamma: float) -> None:
    logits = torch.tensor([[200.0, -200.0], [-200.0, 200.0]], requires_grad=True)

    focal_loss(logits, torch.tensor([0, 0]), gamma=gamma).sum().backward()

    assert torch.isfinite(logits.grad).all()


class Outputs:
    def __init__(self, logits: Any) -> None:
        self.logits = logits


def test_the_rarer_class_weighs_alpha(torch: Any) -> None:
    logits, _ = drawn(torch, rows=4, classes=2)
    labels = torch.tensor([0, 1, 1, 1])
    loss = judge_loss(gamma=2.0, alpha=0.75, rare=0, generates=False)

    one = focal_loss(logits, labels, gamma=2.0)

    expected = (0.75 * one[0] + 0.25 * one[1:].sum()) / 4
    torch.testing.assert_close(loss(Outputs(logits), labels), expected)
    torch.testing.assert_close(loss(Outputs(logits), labels, 8), expected / 2)


def test_only_the_label_is_learnt(torch: Any) -> None:
    """Logits of a prompt's columns change nothing; each label token is predicted one before."""
    torch.manual_seed(0)
    labels = torch.tensor([[IGNORED, IGNORED, 4, 5], [IGNORED, 3, 4, 5]])
    logits = torch.randn(2, 9, 6, requires_grad=True)

    judge_loss(gamma=0.0, alpha=None, rare=3, generates=True)(Outputs(logits), labels).backward()

    felt = logits.grad.abs().sum(dim=2) > 0
    assert felt.tolist() == [
        [False] * 6 + [True, True, False],
        [False] * 5 + [True, True, True, False],
    ]
    value = judge_loss(gamma=0.0, alpha=0.6, rare=3, generates=True)(Outputs(logits), labels)
    part = -torch.log_softmax(logits, dim=-1)
    common = part[0, 6, 4] + part[0, 7, 5]
    rare = part[1, 5, 3] + part[1, 6, 4] + part[1, 7, 5]
    torch.testing.assert_close(value, (0.4 * common + 0.6 * rare) / 5)


# --- the rows -------------------------------------------------------------------------------------


def test_a_row_is_what_a_judge_reads_and_then_the_label(base: Path) -> None:
    judge = TransformersJudge(base, prompt=TOLD)
    tokenizer: Any = import_module("transformers").AutoTokenizer.from_pretrained(base)
    one, other = told("train")[0], told("train")[-1]

    rows, labels = encode_pairs([one, other], tokenizer, TOLD, context=None, generates=True)
    batch = collator(labels, 1, keeps_logits=True, positions=True)(rows.rows)

    (text,) = tokenizer.batch_decode([rows.rows[0]["prompt"]])
    assert text.endswith("Label :")
    assert tokenizer.convert_ids_to_tokens(labels.same) == ["identical"]
    assert tokenizer.convert_ids_to_tokens(labels.different) == ["not", "identical"]
    assert judge.prompt == TOLD
    assert batch["logits_to_keep"] == 3
    assert batch["labels"].tolist() == [[IGNORED, IGNORED, 2], [IGNORED, 3, 2]]
    assert batch["input_ids"][:, -1].tolist() == [2, 2]
    for row, mask in zip(
        batch["input_ids"].tolist(), batch["attention_mask"].tolist(), strict=True
    ):
        assert [token for token, held in zip(row, mask, strict=True) if not held] == [1] * (
            mask.count(0)
        )
    assert batch["position_ids"].min().item() == 0


def test_a_served_judge_is_asked_what_it_was_trained_on(base: Path) -> None:
    tokenizer: Any = import_module("transformers").AutoTokenizer.from_pretrained(base)
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m.role }} : {{ m.content }} {% endfor %}"
        "{% if add_generation_prompt %}{{ enable_thinking }}{% endif %}"
    )
    one = told("train")[0]
    with chat_server() as server:
        server.script = lambda body: completion("identical", {"identical": 0.0})
        judge = RemoteJudge("judge", base_url=server.url, api_key="key", prompt=TOLD)
        (verdict,) = anyio.run(judge.compare, [one.pair])
        (body,) = server.bodies

    rows, _ = encode_pairs([one], tokenizer, TOLD, context=None, generates=True)

    served = tokenizer.apply_chat_template(
        body["messages"],
        tokenize=False,
        add_generation_prompt=True,
        **body["chat_template_kwargs"],
    )
    assert rows.rows[0]["prompt"] == tokenizer(served)["input_ids"]
    assert served.endswith(f"{one.right} False")
    assert verdict.probability == 1.0


def test_labels_must_begin_apart(base: Path) -> None:
    tokenizer: Any = import_module("transformers").AutoTokenizer.from_pretrained(base)
    unknown = TOLD.model_copy(update={"same": ("these",), "different": ("those",)})
    encoder = PromptEncoder(tokenizer, unknown, generates=True, context=None)

    with pytest.raises(ConfigurationError, match="'these' and 'those' begin with the same token"):
        Labels.of(encoder, generates=True)


def test_pairs_longer_than_the_context_are_cut_and_counted(base: Path) -> None:
    tokenizer: Any = import_module("transformers").AutoTokenizer.from_pretrained(base)
    short, long = (
        record("p", n, same=True, left="12 " * size, right="no " * size)
        for n, size in enumerate((3, 50))
    )

    held, labels = encode_pairs([short, long], tokenizer, TOLD, context=40, generates=True)
    none, _ = encode_pairs([short, long], tokenizer, TOLD, context=6, generates=True)

    assert (held.cut, held.dropped) == (2, 0)
    assert len(held.rows[1]["prompt"]) + labels.width - 1 <= 40
    kept = tokenizer.convert_ids_to_tokens(held.rows[1]["prompt"])
    assert kept.count("12") == kept.count("no") > 8
    assert (none.cut, none.dropped, none.rows) == (0, 2, [])


# --- a judge --------------------------------------------------------------------------------------


def scores(directory: Path, pairs: Path, split: Any = "test") -> dict[str, float]:
    async def compare() -> list[float]:
        judge = TransformersJudge(directory, candidates=100)
        verdicts = await judge.compare([one.pair for one in held])
        assert judge.prompt == TOLD
        return [verdict.probability or 0.0 for verdict in verdicts]

    held = read_pairs(pairs).splits[split]
    return auroc_by_problem(held, anyio.run(compare))


def test_training_teaches_what_the_pairs_tell(
    generative: tuple[Path, Figures], pairs: Path
) -> None:
    path, figures = generative

    assert figures.losses[-1][1] < figures.losses[0][1]
    assert figures.before["test"].auroc_within < 0.9
    assert figures.after["test"].auroc_within == 1.0
    assert figures.steps == 16
    assert scores(path, pairs) == figures.after["test"].by_problem
    assert not (path / "checkpoints").exists()


def test_the_card_says_how_the_judge_was_made(generative: tuple[Path, Figures]) -> None:
    path, figures = generative

    card = (path / "README.md").read_text()

    before, after = figures.before["test"], figures.after["test"]
    assert f"| test | 2 | 24 | {before.auroc_within:.3f} [" in card
    assert f"| {after.auroc_within:.3f} [" in card
    assert "| train | 2 | 24 | 50.0% |" in card
    assert "| gamma | 2.0 |" in card
    assert json.loads((path / "figures.json").read_text())["steps"] == figures.steps


def test_a_classification_head(base: Path, pairs: Path, tmp_path: Path) -> None:
    path = tmp_path / "judge"

    settings = QUICK.model_copy(update={"head": "classifier"})
    figures = train_judge(pairs, base, path, settings, tell=lambda line: None)

    assert figures.losses[-1][1] < figures.losses[0][1]
    assert scores(path, pairs) == figures.after["test"].by_problem == {"test0?": 1.0, "test1?": 1.0}
    config = json.loads((path / "config.json").read_text())
    assert config["id2label"] == {"0": "not identical", "1": "identical"}


def test_all_weights(base: Path, pairs: Path, tmp_path: Path) -> None:
    path = tmp_path / "judge"

    settings = PRESETS["deepprune"].model_copy(
        update={"max_steps": 4, "learning_rate": 1e-2, "alpha": 0.6, "evaluations": 1}
    )
    figures = train_judge(pairs, base, path, settings, tell=lambda line: None)

    load = import_module("safetensors.torch").load_file
    old, new = load(base / "model.safetensors"), load(path / "model.safetensors")
    assert figures.steps == 4
    assert old.keys() == new.keys()
    assert all((old[name] != new[name]).any() for name in old)


def test_training_stops_early_and_keeps_the_best(base: Path, tmp_path: Path, pairs: Path) -> None:
    settings = QUICK.model_copy(
        update={"learning_rate": 1e-9, "patience": 2, "evaluations": 8, "max_steps": 16}
    )

    figures = train_judge(pairs, base, tmp_path / "judge", settings, tell=lambda line: None)

    assert [step for step, _ in figures.validations] == [2, 4, 6]
    assert figures.steps == 6
    assert figures.best_step == 2


# --- a kill ---------------------------------------------------------------------------------------


class Killed(BaseException):
    """Ends a training where it stands: nothing catches it, and nothing is cleaned up."""


def test_killed_at_half_and_resumed(
    base: Path, pairs: Path, tmp_path: Path, generative: tuple[Path, Figures]
) -> None:
    def kill(line: str) -> None:
        if line.startswith("step 10 of 16: loss"):
            raise Killed

    path, (_, whole) = tmp_path / "judge", generative
    with pytest.raises(Killed):
        train_judge(pairs, base, path, QUICK, tell=kill)
    (path / "checkpoints" / "checkpoint-99").mkdir()  # half-written
    said: list[str] = []

    figures = train_judge(pairs, base, path, QUICK, resume=True, tell=said.append)

    assert [line.partition(":")[0] for line in said if "loss" in line] == [
        f"step {step} of 16" for step in (10, 12, 14, 16)
    ]
    assert not any("untrained" in line for line in said)
    assert figures.before == whole.before
    assert figures.steps == whole.steps == 16
    assert dict(figures.validations) == pytest.approx(dict(whole.validations), abs=1e-6)
    assert dict(figures.losses) == pytest.approx(dict(whole.losses), rel=1e-3)
    assert figures.after == whole.after


def test_what_cannot_be_resumed(
    base: Path, pairs: Path, tmp_path: Path, generative: tuple[Path, Figures]
) -> None:
    path, _ = generative
    with pytest.raises(ConfigurationError, match="has ended"):
        train_judge(pairs, base, path, QUICK, resume=True)
    with pytest.raises(ConfigurationError, match="not empty: it holds a training, or name"):
        train_judge(pairs, base, path, QUICK)
    with pytest.raises(ConfigurationError, match="holds no training that was begun"):
        train_judge(pairs, base, tmp_path, QUICK, resume=True)

    begun = tmp_path / "begun"
    (begun / "checkpoints").mkdir(parents=True)
    text = (path / "training.json").read_text()
    (begun / "training.json").write_text(text)
    with pytest.raises(ConfigurationError, match="--resume continues it"):
        train_judge(pairs, base, begun, QUICK)
    other = QUICK.model_copy(update={"gamma": 0.0})
    with pytest.raises(ConfigurationError, match="begun with other settings; give the same"):
        train_judge(pairs, base, begun, other, resume=True)
    (begun / "training.json").write_text(text[:40])
    with pytest.raises(ConfigurationError, match=r"training\.json is damaged; begin anew"):
        train_judge(pairs, base, begun, QUICK, resume=True)


# --- what is refused, on the command line ---------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], arguments: Sequence[str | Path], says: str) -> None:
    capsys.readouterr()
    assert run(["judge", "train", *map(str, arguments)]) == 2

    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


def test_pairs_that_teach_nothing(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alike = [record("a", n, same=True) for n in range(4)]
    one = pair_directory(tmp_path / "one", train=alike)
    unwatched = pair_directory(tmp_path / "unwatched", validation=alike)
    out = tmp_path / "judge"

    refused(capsys, [one, "--base", base, "-o", out], "all 4 training pairs are 'identical'")
    refused(capsys, [unwatched, "--base", base, "-o", out], "no validation problem has both kinds")
    refused(capsys, [tmp_path, "--base", base, "-o", out], "holds no pairs")
    assert not out.exists()


def test_a_base_that_cannot_be_trained(
    base: Path, pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tiny(tmp_path / "bare", "LlamaForCausalLM")
    for file in bare.glob("tokenizer*"):
        file.unlink()
    unpadded = tiny(tmp_path / "unpadded", "LlamaForCausalLM")
    config = json.loads((unpadded / "tokenizer_config.json").read_text())
    del config["pad_token"]
    (unpadded / "tokenizer_config.json").write_text(json.dumps(config))
    head = tiny(tmp_path / "head", "LlamaForSequenceClassification")

    refused(capsys, [pairs, "--base", bare, "-o", tmp_path / "1"], "has no tokenizer that can be")
    refused(capsys, [pairs, "--base", unpadded, "-o", tmp_path / "2"], "no token to pad with")
    refused(
        capsys, [pairs, "--base", head, "-o", tmp_path / "3"], "train it with --head classifier"
    )
    refused(
        capsys, [pairs, "--base", "no/such", "-o", tmp_path / "4"], "no judge model at 'no/such'"
    )


def test_settings_that_cannot_be(
    base: Path, pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "judge"
    given = [pairs, "--base", base, "-o", out]

    refused(capsys, [*given, "--preset", "best"], "'best' is unknown; known: lora, deepprune")
    refused(capsys, [*given, "--head", "tail"], "TrainSettings(head='tail')")
    refused(capsys, [*given, "--micro-batch", "3"], "batch=8 is not a multiple of micro_batch=3")
    refused(capsys, [*given, "--context", "5"], "too small for the pairs, 24 of 24 to train on")
    out = tmp_path / "other"
    given = [pairs, "--base", base, "-o", out]
    refused(capsys, [*given, "--lora-modules", "q_prog"], "lora_modules=q_prog: ")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    refused(capsys, [pairs, "--base", base, "-o", tmp_path / "full"], "is not empty")


def test_a_judge_on_the_command_line(
    base: Path, pairs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "judge"
    options = ["--max-steps", "4", "--evaluations", "1", "--context", "16", "--gamma", "0"]

    assert run(["judge", "train", str(pairs), "--base", str(base), "-o", str(out), *options]) == 0

    captured = capfd.readouterr()
    assert captured.err == ""
    assert "step 4 of 4: validation AUROC within a problem" in captured.out
    assert "prefixes are cut to their first tokens, 0 pairs left out" in captured.out
    assert "test: AUROC within a problem" in captured.out
    assert f"--judge transformers:{out}" in captured.out


def test_pairs_load_with_datasets(pairs: Path, tmp_path: Path) -> None:
    library: Any = import_module("datasets")

    loaded = library.load_dataset(str(pairs), cache_dir=str(tmp_path))

    assert {name: len(rows) for name, rows in loaded.items()} == {
        "train": 24,
        "validation": 24,
        "test": 24,
    }
    assert loaded["train"][0] == told("train")[0].model_dump() | {"traces": [0, 1]}
