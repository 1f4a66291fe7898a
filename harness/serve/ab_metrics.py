"""The numbers of the arms of an experiment: those of each server, with the label ``arm``."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from harness.ab.experiment import Arm
from harness.serve.guard import Entry
from harness.serve.metrics import Metrics

UNDRAWN = ""
"""The arm of requests that none was drawn for."""


class ArmMetrics(Collector):
    """The counters of all arms."""

    def __init__(self, arms: Mapping[Arm, Metrics]) -> None:
        self._undrawn = Metrics(lambda: 0, lambda: True)
        self._arms: dict[str, Metrics] = {UNDRAWN: self._undrawn}
        self._arms |= {str(arm): metrics for arm, metrics in arms.items()}

    def request(self, route: str, entry: Entry) -> None:
        metrics = self._arms[entry.more.get("arm", UNDRAWN)]
        metrics.request(route, entry.status, entry.seconds)

    def collect(self) -> Iterable[Metric]:
        found: dict[str, Metric] = {}
        for arm, metrics in self._arms.items():
            for own in metrics.registry.collect():
                if metrics is self._undrawn and not own.name.startswith("harness_request"):
                    continue
                metric = found.setdefault(
                    own.name, Metric(own.name, own.documentation, own.type, own.unit)
                )
                metric.samples += [
                    sample._replace(labels={"arm": arm, **sample.labels}) for sample in own.samples
                ]
        return found.values()

    def text(self) -> bytes:
        """All numbers, as ``/metrics`` shows them."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)
