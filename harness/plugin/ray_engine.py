"""``--engine ray --workers N``: the workers of a Ray cluster share the requests of each model.

``--ray-address HOST:PORT`` names a cluster; without it there is one on this machine for the
session.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from harness.plugin.option_names import NamedOptions, option_of
from harness.plugin.options import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.engine.model import RaySettings


def add_options(group: NamedOptions) -> None:
    group.addoption(
        "--engine",
        choices=["ray"],
        help="share the requests of each model among processes of a Ray cluster",
    )
    group.addoption(
        "--workers", type=count, metavar="N", help="with --engine ray: N copies of each model"
    )
    group.addoption(
        "--ray-address",
        metavar="HOST:PORT",
        help="with --engine ray: the cluster (default: one on this machine for the session)",
    )


def settings_of(config: pytest.Config) -> RaySettings | None:
    """The workers that the command line asks for; ``None`` where it asks for none."""
    from harness.engine.model import RaySettings

    workers = option_of(config, "--workers")
    if option_of(config, "--engine") is None or workers is None:
        return None
    return RaySettings(workers, option_of(config, "--ray-address"))


def mistakes(config: pytest.Config) -> Iterator[str]:
    """One line for each mistake in the options; a cluster must answer at its address."""
    option = partial(option_of, config)
    address, device = option("--ray-address"), option("--device") or ""
    if option("--engine") is None:
        for name in ("--workers", "--ray-address"):
            if option(name) is not None:
                yield f"{name}: add --engine ray"
        return
    if option("--workers") is None:
        yield "--engine ray: say how many copies of a model answer with --workers N"
    if device.startswith("cuda:"):
        yield f"--device {device}: Ray chooses the GPU of each worker, say --device cuda"
    yield from _unusable(address)


def _unusable(address: str | None) -> Iterator[str]:
    from harness.core.extras import is_installed, missing

    if not is_installed("ray"):
        yield from missing("--engine ray", "ray").mistakes
    elif address is not None:
        from harness.engine.ray.connection import address_mistake

        if mistake := address_mistake(address):
            yield mistake
