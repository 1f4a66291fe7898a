"""General options of a pytest session: models, tasks, decoding, opening.

Options are added in every session, so this file and the features' files import nothing else of the
harness until they are called.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.plugin.option_names import NamedOptions, option_of

if TYPE_CHECKING:
    from harness.engine.model import EngineSettings
    from harness.run.selection import Choices
    from harness.run.settings import Settings

NO_RUN_FOLLOWS = ("collectonly", "setupplan", "showfixtures", "show_fixtures_per_test")
"""pytest's options that only collect."""


def add_options(group: NamedOptions) -> None:
    """Add the options for models, tasks, cases and the folder of records."""
    add = group.addoption
    add(
        "--model",
        action="append",
        default=[],
        metavar="KIND:LOCATION",
        help="a model to judge, such as base:PATH, adapter:PATH or record:RUN; repeatable (each "
        "--harness-NAME is --NAME too, where no other plugin has that)",
    )
    add(
        "--task",
        action="append",
        default=[],
        metavar="NAME",
        help="only this task; repeatable (default: all of them)",
    )
    add("--tasks-dir", metavar="DIR", help="the folder of task folders")
    add("--report-dir", metavar="DIR", help="where the run's record goes")
    add("--run-id", metavar="ID", help="the run's id, for scripts that name it afterwards")
    add(
        "--fresh",
        action="store_true",
        help="generate every answer, also those that the store of completions holds",
    )
    add(
        "--resume",
        action="store_true",
        help="go on with the answers that an interrupted run had from endpoint: models, where the "
        "servers still have the same ones; no other kind needs it",
    )
    add(
        "--failed-of",
        metavar="RUN",
        help="only the cases that failed, were errors or are missing in this run",
    )
    add("--limit", type=count, metavar="N", help="only the first N cases of each task")
    add("--case", action="append", default=[], metavar="ID", help="only this case; repeatable")


def add_decoding_options(group: NamedOptions) -> None:
    """Add the options for decoding."""
    add = group.addoption
    add(
        "--repeats",
        type=count,
        default=1,
        metavar="N",
        help="N sampled answers to each case, for pass@N and pass^N (default: 1)",
    )
    add(
        "--decode",
        choices=["free", "constrained"],
        default="free",
        help="constrained: answers keep to a grammar of their task's JSON schema (default: free)",
    )
    add("--seed", type=int, metavar="N", help="seed of sampled decoding")
    add("--temperature", type=_temperature, metavar="T", help="decode at this temperature")
    add(
        "--template-arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument of the chat template, such as enable_thinking=false; repeatable",
    )


def add_opening_options(group: NamedOptions) -> None:
    """Add the options for opening models."""
    add = group.addoption
    add("--dtype", choices=["float32", "bfloat16", "float16"], help="open models in this precision")
    add(
        "--quantize",
        choices=["nf4", "int8"],
        help="quantise transformers models as they open, through bitsandbytes",
    )
    add(
        "--trust-remote-code",
        action="store_true",
        help="run the code that a transformers model brings along (auto_map); read it first",
    )
    add("--device", metavar="DEVICE", help="open models on cpu, cuda, cuda:1, mps")
    add(
        "--batch-tokens",
        type=count,
        metavar="N",
        help="the most tokens, prompts and answers together, in one batch",
    )
    add(
        "--concurrency",
        type=count,
        metavar="N",
        help="requests in flight at each server of an endpoint: model (default: 16)",
    )
    add("--threads", type=count, metavar="N", help="CPU threads of a backend")
    add(
        "--stall-seconds",
        type=_seconds,
        metavar="S",
        help="silence after which a backend counts as hung",
    )


def count(text: str) -> int:
    """Option type: an integer from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def count_from_zero(text: str) -> int:
    """Option type: an integer from 0."""
    return 0 if text == "0" else count(text)


def _temperature(text: str) -> float:
    value = _number(text)
    if not 0 <= value < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number from 0")
    return value


def _seconds(text: str) -> float:
    value = _number(text)
    if not 0 < value < float("inf"):
        raise ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0


@dataclass(frozen=True, slots=True)
class PluginOptions:
    """Options and settings of a session; options take precedence."""

    settings: Settings
    choices: Choices
    report_dir: Path
    is_run_following: bool
    """False where pytest only collects or lists."""

    @classmethod
    def of(cls, config: pytest.Config, settings: Settings) -> PluginOptions:
        option = partial(option_of, config)
        return cls(
            settings,
            _choices(config, _engine(config, settings)),
            Path(option("--report-dir") or config.rootpath / settings.report_dir),
            not any(config.getoption(name) for name in NO_RUN_FOLLOWS),
        )


def _choices(config: pytest.Config, engine: EngineSettings) -> Choices:
    from harness.run.selection import Choices

    option = partial(option_of, config)
    return Choices(
        models=tuple(option("--model")),
        tasks=tuple(option("--task")),
        tasks_dir=option("--tasks-dir"),
        cases=tuple(option("--case")),
        limit=option("--limit"),
        failed_of=option("--failed-of"),
        report_dir=option("--report-dir"),
        seed=option("--seed"),
        temperature=option("--temperature"),
        template=tuple(option("--template-arg")),
        repeats=option("--repeats"),
        is_constrained=option("--decode") == "constrained",
        has_logprobs=option("--logprobs"),
        engine=engine,
    )


def _engine(config: pytest.Config, settings: Settings) -> EngineSettings:
    from harness.engine.model import EngineSettings
    from harness.plugin import ray_engine

    option = partial(option_of, config)
    return EngineSettings(
        dtype=option("--dtype"),
        device=option("--device"),
        batch_tokens=option("--batch-tokens"),
        threads=option("--threads"),
        stall_seconds=option("--stall-seconds") or settings.stall_seconds,
        quantize=option("--quantize"),
        trust_remote_code=option("--trust-remote-code"),
        concurrency=option("--concurrency"),
        answers=option("--answers"),
        ray=ray_engine.settings_of(config),
    )
