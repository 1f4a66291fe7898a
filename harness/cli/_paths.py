"""The type of every path that a command takes."""

import os
from typing import Any

import click

from harness.core.portable import expanded


class PathType(click.Path):
    """A path in which ``~`` is the home folder also where the shell leaves it alone, as bash does
    in ``--report-dir=~/runs``."""

    def convert(
        self,
        value: "str | os.PathLike[str]",
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        return super().convert(expanded(os.fspath(value)), param, ctx)
