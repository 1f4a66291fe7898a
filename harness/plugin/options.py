"""What a pytest session asks of us: its options and settings, and what is wrong with them.

Known before a model's files are looked into, and long before any model loads.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.backends import takes_long
from harness.core.errors import HarnessError
from harness.engine.model import EngineSettings
from harness.engine.process import Generation
from harness.records.runs import check_writable
from harness.run.selection import Choices, Subject, choose
from harness.run.settings import Settings, read_settings

if TYPE_CHECKING:
    from harness.plugin.gate import SessionGate
    from harness.plugin.generate import GeneratedCases

NO_RUN_FOLLOWS = ("collectonly", "setupplan", "showfixtures", "show_fixtures_per_test")
"""pytest's options that collect and ask no model."""


@dataclass
class Asked:
    """What the options and settings say."""

    engine: EngineSettings
    report_dir: Path
    generated: "GeneratedCases | None" = None
    """With ``--generate`` or ``--generated``."""
    gate: "SessionGate | None" = None
    """With ``--baseline``."""
    subjects: tuple[Subject, ...] = ()
    mistakes: list[str] = field(default_factory=list)
    """A line each."""

    @classmethod
    def of(cls, config: pytest.Config) -> "Asked":
        option, mistakes = config.getoption, list[str]()
        try:
            settings = read_settings(config.rootpath)
        except HarnessError as error:
            mistakes.append(str(error))
            settings = Settings()
        asked = cls(
            _engine_settings(config, settings),
            Path(option("--report-dir") or config.rootpath / settings.report_dir),
            mistakes=mistakes,
        )
        if option("--generate") is not None or option("--generated") is not None:
            from harness.plugin.generate import GeneratedCases

            asked.generated = GeneratedCases(config, asked.report_dir)
        if option("--baseline") is not None:
            from harness.plugin.gate import open_gate

            asked.gate = open_gate(config, settings, mistakes)
        if not mistakes:
            asked._choose(config, settings)
        return asked

    def _choose(self, config: pytest.Config, settings: Settings) -> None:
        try:
            check_writable(self.report_dir)
            source = self.generated.source() if self.generated else None
            choices = _choices(config, self.engine)
            self.subjects = choose(config.rootpath, settings, choices, source)
        except HarnessError as error:
            self.mistakes.append(str(error))

    def prepared(self, config: pytest.Config) -> Generation | None:
        """The model that is asked first, its process importing what it takes meanwhile.

        Only that one: the next would import beside a model that answers, and be timed with it.
        ``None`` where no model will be asked, or not as a first thing.
        """
        option = config.getoption
        if self.mistakes or not self.subjects or any(option(name) for name in NO_RUN_FOLLOWS):
            return None
        first = self.subjects[0].ref
        if option("--parity") or not takes_long(first):
            return None
        generation = Generation(first, self.engine)
        generation.prepare()
        return generation


def _choices(config: pytest.Config, engine: EngineSettings) -> Choices:
    option = config.getoption
    return Choices(
        models=tuple(option("--model")),
        tasks=tuple(option("--task")),
        tasks_dir=option("--tasks-dir"),
        cases=tuple(option("--case")),
        limit=option("--limit"),
        seed=option("--seed"),
        temperature=option("--temperature"),
        repeats=option("--repeats"),
        engine=engine,
    )


def _engine_settings(config: pytest.Config, settings: Settings) -> EngineSettings:
    option = config.getoption
    return EngineSettings(
        dtype=option("--dtype"),
        device=option("--device"),
        batch_tokens=option("--batch-tokens"),
        threads=option("--threads"),
        stall_seconds=option("--stall-seconds") or settings.stall_seconds,
        quantize=option("--quantize"),
    )
