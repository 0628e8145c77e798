"""Judges that need a model or a provider."""

from deepprune_adapters.judges.asking import Asking
from deepprune_adapters.judges.embedding import EmbeddingJudge
from deepprune_adapters.judges.probe import ProbeJudge
from deepprune_adapters.judges.prompts import DEEPPRUNE, ZERO_SHOT, JudgePrompt
from deepprune_adapters.judges.remote import RemoteJudge
from deepprune_adapters.judges.transformers import TransformersJudge

__all__ = [
    "DEEPPRUNE",
    "ZERO_SHOT",
    "Asking",
    "EmbeddingJudge",
    "JudgePrompt",
    "ProbeJudge",
    "RemoteJudge",
    "TransformersJudge",
]
