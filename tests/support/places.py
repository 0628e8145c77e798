"""Where things lie in a checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"
RECORDING = ROOT / "tests" / "recordings" / "smollm2-n16.jsonl.gz"
"""16 traces per problem of the embedded model."""
