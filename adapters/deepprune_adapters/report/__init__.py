"""Reports: one self-contained HTML file each, which loads nothing.

The bench and judge reports draw with matplotlib (extra `eval`); the report of a run needs nothing.
"""

from deepprune_adapters.report.bench import bench_report
from deepprune_adapters.report.judge import judge_report
from deepprune_adapters.report.run import run_report, write_run_report

__all__ = ["bench_report", "judge_report", "run_report", "write_run_report"]
