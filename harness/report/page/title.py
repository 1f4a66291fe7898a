"""The page's title: among twenty open tabs it tells which models, of when, of which commit."""

from collections.abc import Iterable

from harness.core.record import RunRecord
from harness.report.report import Report

COMMIT_CHARACTERS = 9
DATE_CHARACTERS = len("2026-11-20")


def title_of(report: Report) -> str:
    """``json_extraction: tiny → json_extraction, 2026-11-20, commit 1a2b3c4d5``."""
    tasks = _all(t.name for run in report.runs for t in run.tasks) or "no task"
    return f"{tasks}: {', '.join(subject_of(report))}"


def subject_of(report: Report) -> tuple[str, ...]:
    """The models, the dates and the commits; a part that no run recorded is left out."""
    dates = _all(run.created[:DATE_CHARACTERS] for run in report.runs)
    commits = _all(map(_commit, report.runs))
    return tuple(filter(None, (_models(report), dates, f"commit {commits}" if commits else "")))


def _models(report: Report) -> str:
    found = [side.model_record for side in report.pair]
    names = [m.name if m else s.model for m, s in zip(found, report.pair, strict=True)]
    left = len(report.sides) - len(names)
    return " → ".join(names) + (f" and {left} more" if left else "")


def _commit(run: RunRecord) -> str:
    """The commit's first characters, with a plus where files differed from it."""
    git = run.environment.get("git")
    commit = git.get("commit") if isinstance(git, dict) else None
    if not isinstance(commit, str) or not isinstance(git, dict):
        return ""
    return commit[:COMMIT_CHARACTERS] + ("+" if git.get("dirty") else "")


def _all(words: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(filter(None, words)))
