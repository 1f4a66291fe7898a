"""The server's numbers, in Prometheus' format."""

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from harness.core.completion import Completion
from harness.tasks.judging import VerdictMap

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
ROWS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The counters of one server. No label comes from a client."""

    def __init__(self, waiting: Callable[[], int], is_ready: Callable[[], bool]) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self._requests = Counter(
            "harness_requests",
            "Requests by route and HTTP status.",
            ("route", "status"),
            registry=own,
        )
        self._seconds = Histogram(
            "harness_request_seconds",
            "Time to the whole answer.",
            ("route",),
            buckets=SECONDS,
            registry=own,
        )
        self._tokens = Counter(
            "harness_tokens", "Tokens of answered requests.", ("kind",), registry=own
        )
        self._rows = Histogram(
            "harness_batch_rows", "Requests answered together.", buckets=ROWS, registry=own
        )
        self._deaths = Counter(
            "harness_model_deaths", "Deaths of the model's process.", registry=own
        )
        self._verdicts = Counter(
            "harness_verdicts",
            "Verdicts on the model's raw answers; code says why one failed.",
            ("task", "behavior", "outcome", "code"),
            registry=own,
        )
        self._answers = Counter(
            "harness_task_answers",
            "Answers of a task's route: raw, repaired or failed.",
            ("task", "policy", "result"),
            registry=own,
        )
        gauges = (
            ("harness_waiting", "Requests in the queue.", lambda: float(waiting())),
            ("harness_ready", "1 while the model is open.", lambda: float(is_ready())),
        )
        for name, text, value in gauges:
            Gauge(name, text, registry=own).set_function(value)

    def request(self, route: str, status: int, seconds: float) -> None:
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def answered(self, completion: Completion) -> None:
        self._tokens.labels("prompt").inc(completion.prompt_tokens)
        self._tokens.labels("completion").inc(len(completion.token_ids))

    def batch(self, rows: int) -> None:
        self._rows.observe(rows)

    def death(self) -> None:
        self._deaths.inc()

    def judged(self, task: str, verdicts: VerdictMap) -> None:
        for behavior, verdict in verdicts.items():
            code = verdict.code.value if verdict.code else ""
            self._verdicts.labels(task, behavior, verdict.outcome.value, code).inc()

    def task_answer(self, task: str, policy: str, result: str) -> None:
        self._answers.labels(task, policy, result).inc()

    def text(self) -> bytes:
        """All numbers, as ``/metrics`` shows them."""
        return generate_latest(self.registry)
