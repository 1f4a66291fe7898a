"""Judges that the calls of a completion are those of the case's reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.checks.declared.output import Output
from harness.checks.equality.leaves import leaves_of
from harness.checks.equality.nearest import Nearness, nearest
from harness.checks.json.pointer import follow, pointer_of, verdict_path
from harness.checks.json.wording import show
from harness.checks.schema.keywords import equality_key
from harness.checks.text.document import Path
from harness.checks.tools.call import ARGUMENTS, Call, Reading, Wanted, wanted_of
from harness.checks.tools.reading import reading_of
from harness.checks.tools.rule import CallRule, Order
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("tools",)
BROKEN_BY = ("syntax", "calls", "tool")


@dataclass(frozen=True, slots=True)
class ExactCalls:
    """Rejects ``get_weather(city="Bonn")`` where the reference calls it with Berlin.

    Values are compared as values: 5.0 is 5, keys have no order, ``true`` is not 1. Parallel calls
    have no order unless the task fixes it. Free arguments are not compared. Of several references
    the nearest is told, the one with the most calls and arguments that are equal.
    """

    rule: CallRule
    order: Order = "free"
    free_arguments: tuple[str, ...] = ()
    """JSON pointers into the arguments of a call, ``*`` for every item."""

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if case.reference is None:
            return Verdict.skipped("the case has no reference")
        reading = reading_of(completion, self.rule)
        if isinstance(reading, Verdict):
            return reading
        references = list(enumerate(case.references, start=1))
        return nearest(references, len(references), lambda r: self._against(wanted_of(r), reading))

    def _against(self, wanted: tuple[Wanted, ...], reading: Reading) -> tuple[Verdict, Nearness]:
        """The verdict by one reference; the share of its calls that are there, and of the arguments
        of those that are not."""
        found = [*enumerate(reading.calls)]
        lacking = self._unmatched([*wanted], found)
        most = max(len(wanted), len(reading.calls), 1)
        shares = (
            [self._share(call, _same_tool(call, found)[1]) for call in lacking] if found else []
        )
        verdict = self._told(wanted, reading, lacking, found)
        return verdict, ((len(wanted) - len(lacking)) / most, sum(shares) / most)

    def _share(self, wanted: Wanted, call: Call) -> float:
        """The share of the arguments of two calls that are equal; with a point for the tool."""
        if wanted.name != call.name:
            return 0.0
        expected = dict(leaves_of(self._bare(wanted.arguments)))
        there = dict(leaves_of(self._bare(call.arguments)))
        shared = expected.keys() & there.keys()
        equal = [p for p in shared if equality_key(expected[p]) == equality_key(there[p])]
        return (1 + len(equal)) / (1 + len({*expected, *there}))

    def _told(
        self,
        wanted: tuple[Wanted, ...],
        reading: Reading,
        lacking: list[Wanted],
        found: list[tuple[int, Call]],
    ) -> Verdict:
        """The first difference; ``found`` has the calls that are not wanted."""
        if lacking and found:
            return self._difference(lacking[0], *_same_tool(lacking[0], found))
        if lacking:
            reason = f"expected a call of {lacking[0].name} more, found {len(reading.calls)} calls"
            return Verdict.failed(FailureCode.CALL_COUNT, reason, reading.calls[-1].span)
        if found:
            extra = found[0][1]
            reason = f"expected {len(wanted)}, found a call of {excerpt(extra.name)} more"
            return Verdict.failed(FailureCode.CALL_COUNT, reason, extra.span)
        return Verdict.passed()

    def _unmatched(self, wanted: list[Wanted], found: list[tuple[int, Call]]) -> list[Wanted]:
        """The wanted calls that no found one is; those that are some are taken out of ``found``."""
        keys = [self._key(call) for _, call in found]
        left: list[Wanted] = []
        for call in wanted:
            key = self._key(call)
            own = keys[:1] if self.order == "fixed" else keys
            if key not in own or (left and self.order == "fixed"):
                left.append(call)
                continue
            at = own.index(key)
            del keys[at], found[at]
        return left

    def _key(self, call: Wanted | Call) -> Any:
        return call.name, equality_key(self._bare(call.arguments))

    def _bare(self, arguments: Any) -> Any:
        """The arguments without those that are free."""
        free = {
            place.path
            for pointer in self.free_arguments
            for place in follow(arguments, pointer)
            if not place.is_missing
        }
        return _without(arguments, free, ()) if free else arguments

    def _difference(self, wanted: Wanted, index: int, call: Call) -> Verdict:
        if call.name != wanted.name:
            reason = f"expected a call of {wanted.name}, found one of {excerpt(call.name)}"
            span = call.locate(("name",), False)
            return Verdict.failed(FailureCode.WRONG_VALUE, reason, span, path=f"/{index}/name")
        code, path, said = _first(self._bare(wanted.arguments), self._bare(call.arguments))
        reason = f"{call.name}: {pointer_of(path)}: {said}"
        span = call.locate((ARGUMENTS, *path), code is FailureCode.UNEXPECTED_KEY)
        place = verdict_path((index, ARGUMENTS, *path))
        return Verdict.failed(code, reason, span, path=place)


def check_for(output: Output) -> ExactCalls:
    return ExactCalls(output.call_rule, output.call_order, output.free_arguments)


def _same_tool(wanted: Wanted, found: Sequence[tuple[int, Call]]) -> tuple[int, Call]:
    """The call of the same tool, else the first."""
    return next((pair for pair in found if pair[1].name == wanted.name), found[0])


def _first(wanted: Any, found: Any) -> tuple[FailureCode, Path, str]:
    """Code, path and words of the first difference between two arguments that are not equal."""
    expected, there = dict(leaves_of(wanted)), dict(leaves_of(found))
    for path, value in expected.items():
        if path not in there:
            return FailureCode.MISSING_KEY, path, f"expected {show(value)}, found nothing there"
        if equality_key(value) != equality_key(there[path]):
            said = f"expected {show(value)}, found {show(there[path])}"
            return FailureCode.WRONG_VALUE, path, said
    for path, value in there.items():
        if path not in expected:
            return FailureCode.UNEXPECTED_KEY, path, f"expected nothing, found {show(value)}"
    said = f"expected {show(wanted)}, found {show(found)}"
    return FailureCode.WRONG_VALUE, (), said


def _without(value: Any, free: set[Path], path: Path) -> Any:
    if isinstance(value, dict):
        kept = {name: (*path, name) for name in value if (*path, name) not in free}
        return {name: _without(value[name], free, place) for name, place in kept.items()}
    if isinstance(value, list):
        places = [(*path, index) for index in range(len(value))]
        pairs = zip(value, places, strict=True)
        return [None if place in free else _without(v, free, place) for v, place in pairs]
    return value
