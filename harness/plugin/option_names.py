"""The names of the plugin's options: ``--harness-NAME`` always, ``--NAME`` where it is free.

An environment has other plugins, and a project has a conftest, that may have an option of the same
short name. pytest ends every session with an error where two plugins add one name, so short names
are added last, once the conftest files have had their turn.
"""

from __future__ import annotations

import copy
import re
from argparse import SUPPRESS
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest

from harness.plugin import plugin_name

PREFIX = "--harness-"
PATHS = ("DIR", "FILE", "RUN")
"""Metavars of options that take a path, or the id of a run."""


def prefixed(name: str) -> str:
    """``--harness-model`` for ``--model``."""
    return PREFIX + name.removeprefix("--")


def option_of(config: pytest.Config, name: str) -> Any:
    """The value of the plugin's own option, by its short name such as ``--model``."""
    return config.getoption(prefixed(name))


def refused_beside(name: str, config: pytest.Config, others: Mapping[str, str]) -> Iterator[str]:
    """One mistake for each given option that cannot stand beside the named one.

    Args:
        others: each such option, with the reason or what to do instead.
    """
    for other, reason in others.items():
        if option_of(config, other) not in (None, False, []):
            yield f"{name}: leave out {other}, {reason}"


def _expanded(path: str) -> str:
    from harness.core.portable import expanded

    return expanded(path)


class NamedOptions:
    """The plugin's group of options, which have their prefixed names from the beginning."""

    def __init__(self, parser: pytest.Parser) -> None:
        self.parser = parser
        self.group = parser.getgroup("harness")
        self.attributes: dict[str, Mapping[str, Any]] = {}
        """Arguments that each option is added with, by its short name."""

    def addoption(self, name: str, **attributes: Any) -> None:
        """Add an option, named by its short name; what is a path may begin with ``~/``."""
        if attributes.get("metavar") in PATHS:
            attributes = {"type": _expanded, **attributes}
        self.group.addoption(prefixed(name), **attributes)
        self.attributes[name] = attributes

    def register(self, manager: pytest.PytestPluginManager) -> None:
        """Have the short names added once pytest has read the initial conftest files; at once where
        one of these loads the plugin."""
        config: Any = manager.get_plugin("pytestconfig")
        config.stash[OPTIONS] = self
        known = getattr(config, "known_args_namespace", None)
        if known is not None and known.confcutdir is None:
            manager.register(ShortNames(self), plugin_name(ShortNames))
        else:
            self.add_short_names()

    @property
    def taken(self) -> Sequence[str]:
        """Short names that are options of others."""
        return [name for name in self.attributes if self._dest(name) not in (None, _dest(name))]

    def add_short_names(self) -> None:
        """Make every free short name an option of its own, which sets the prefixed one's value."""
        for name, attributes in self.attributes.items():
            if self._dest(name) is None:
                own = {**attributes, "help": SUPPRESS, "dest": _dest(name)}
                self.group.addoption(name, **own)

    def named(self, text: str) -> str:
        """A text in which each short name that is another's is the prefixed one."""
        for name in self.taken:
            text = re.sub(rf"(?<![\w-]){name}(?![\w-])", prefixed(name), text)
        return text

    def with_prefix(self, arguments: Sequence[str]) -> Iterator[str]:
        """A command line in which each short name that nobody has yet is its prefixed one."""
        free = {name for name in self.attributes if self._dest(name) is None}
        for argument in arguments:
            name, equals, value = argument.partition("=")
            yield prefixed(name) + equals + value if name in free else argument

    def _dest(self, name: str) -> str | None:
        """The variable that an option of the session sets; ``None`` where there is no such one."""
        groups = [*self.parser._groups, self.parser._anonymous]
        options = (option for group in groups for option in group.options)
        return next((option.dest for option in options if name in option.names()), None)


OPTIONS = pytest.StashKey[NamedOptions]()


def _dest(name: str) -> str:
    return prefixed(name).lstrip("-").replace("-", "_")


class ShortNames:
    """Adds the short names once the initial conftest files are read."""

    def __init__(self, options: NamedOptions) -> None:
        self.options = options

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(
        self, early_config: pytest.Config, parser: pytest.Parser, args: list[str]
    ) -> Generator[None, None, None]:
        # Until then pytest takes the value of an unknown option for a path, where it looks for
        # conftest files.
        arguments = [*self.options.with_prefix(args)]
        with suppress(pytest.UsageError):  # It comes again, with the name that was written.
            known = parser.parse_known_args(arguments, copy.copy(early_config.option))
            early_config.known_args_namespace.file_or_dir = known.file_or_dir
        yield
        self.options.add_short_names()


class TakenNames:
    """Says which short names another plugin has, where a suite is run."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def pytest_report_collectionfinish(self) -> str:
        others, own = ", ".join(self.names), ", ".join(map(prefixed, self.names))
        return f"harness: {others} of this session is another plugin's, say {own}"
