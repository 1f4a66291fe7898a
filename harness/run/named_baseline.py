"""A decision against a named baseline: with its anchor, its measured noise, and its ledger."""

from dataclasses import dataclass, replace
from pathlib import Path

from harness.core.record import RunRecord
from harness.gate.anchored import with_anchor
from harness.gate.compare import Side
from harness.gate.decision import GateDecision, decide
from harness.gate.policy import GatePolicy
from harness.records.anchors import read_anchor
from harness.records.baselines import Baseline, read_named_baseline
from harness.records.ledger import LedgerEntry, enter, read_ledger


@dataclass(frozen=True, slots=True)
class NamedBaseline:
    """A baseline of the project, and its anchor."""

    baseline: Baseline
    anchor: Baseline | None
    root: Path
    """The folder of baselines."""

    @classmethod
    def read(cls, name: str, root: Path) -> "NamedBaseline":
        """Read both files.

        Raises:
            HarnessError: there is no such baseline, or a file is damaged.
        """
        return cls(read_named_baseline(name, root), read_anchor(name, root), root)

    def completed(self, decision: GateDecision, *, has_ledger: bool) -> GateDecision:
        """The worse of a decision against the baseline and that against its anchor, counted among
        the attempts and, with ``has_ledger``, entered in the ledger."""
        found, remarks = self._with_noise(decision), [*self._remarks()]
        entry = self._entry(decision)
        if self.anchor and self.anchor.record.id != self.baseline.record.id:
            found = self._anchored(found, self.anchor)
            anchored = found if found.before.record is self.anchor.record else found.other
            if anchored and anchored.refused:
                remarks.append(
                    f"Where the cases were changed on purpose, set the anchor anew: harness "
                    f"baseline anchor {self.baseline.name} RUN"
                )
        if entry is None:
            return replace(found, remarks=tuple(remarks))
        entry, ledger = replace(entry, outcome=found.outcome.value), read_ledger(self.root)
        kept = enter(entry, self.root) if has_ledger and entry not in ledger else ""
        said = (*remarks, *filter(None, (ledger.damage, kept)))
        return replace(found, attempts=ledger.attempts(entry), remarks=said)

    def _with_noise(self, decision: GateDecision) -> GateDecision:
        """The decision by the noise that was measured for the baseline's model."""
        before = decision.before
        policy = self.with_noise(decision.policy, before.model)
        same = policy.noise_floor == decision.policy.noise_floor
        return decision if same else decide(before, decision.after, policy)

    def with_noise(self, policy: GatePolicy, model: str) -> GatePolicy:
        """The policy with the noise that was measured for a model of the baseline."""
        noise = self.baseline.noise
        return policy.with_measured_noise(noise.flip_rates.get(model) if noise else None)

    def _anchored(self, decision: GateDecision, anchor: Baseline) -> GateDecision:
        name = self.baseline.name
        names = (
            f"the baseline {name} (saved {self.baseline.saved:.10})",
            f"the anchor {name} (saved {anchor.saved:.10})",
        )
        return with_anchor(decision, Side(anchor.record, _ref(anchor.record, decision)), names)

    def _remarks(self) -> list[str]:
        name = self.baseline.name
        found = []
        if served := [m.ref for m in self.baseline.record.models if m.is_served]:
            found.append(
                f"{', '.join(served)}: served, so it is compared by its name alone: nothing says "
                "whether its weights are the same, and attempts at them are not counted."
            )
        if self.anchor is None:
            found.append(
                f"{name} has no anchor, so small losses do not add up over changes: harness "
                f"baseline anchor {name} keeps one."
            )
        for kind, saved in (("baseline", self.baseline), ("anchor", self.anchor)):
            if saved and not saved.is_first:
                found.append(
                    f"The {kind} {name} is not the first run of its weights: the best of several "
                    "runs is better than its model."
                )
        return found

    def _entry(self, decision: GateDecision) -> LedgerEntry | None:
        """The attempt; ``None`` for replayed answers and the baseline's own run, which are none."""
        after = decision.after
        model = after.model_record
        is_own = after.record.id == self.baseline.record.id
        if model is None or not model.is_measurable or is_own:
            return None
        return LedgerEntry(
            event="gate",
            baseline=self.baseline.name,
            baseline_run=self.baseline.record.id,
            plan=after.record.plan_fingerprint,
            run=after.record.id,
            model=after.model,
            weights=model.weights_sha256,
            outcome=decision.outcome.value,
        )


def _ref(anchor: RunRecord, decision: GateDecision) -> str:
    """The anchor's model to compare with: the same ref as the baseline's, or its last model."""
    refs = [model.ref for model in anchor.models]
    return decision.before.model if decision.before.model in refs else refs[-1]
