"""Grades the graders: is a task sound, and do the checks tell its right answers from wrong ones?

Every reference, written out as the perfect completion, must pass every behavior that applies. Each
corruption of it (``harness.tasks.check.corruptions``) must fail exactly the behaviors that its
defect breaks. A mistake found here is the task's or a check's, never a model's. No model is needed.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.checks import listing
from harness.checks.declared.output import Output
from harness.checks.declared.stand_ins import Skip
from harness.core.case import Case, JsonValue
from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.record import RunRecord
from harness.core.verdict import Outcome, Verdict
from harness.tasks.check.corruptions import corruptions_of, defect_names
from harness.tasks.check.corruptions.defect import Corruption, monotone_answers
from harness.tasks.check.names import name_mistakes, names_in_suites
from harness.tasks.check.rules import (
    count_mistakes,
    reference_mistakes,
    rule_mistakes,
    variety_mistakes,
)
from harness.tasks.check.user_suites import judge_with_suites
from harness.tasks.judging import checks_of
from harness.tasks.reference import bare_answer, reference_answer, reference_kind
from harness.tasks.task import TASK_FILE, Task, load_task


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with a task, or with a check on this task."""

    text: str
    """One line: what was expected, what was found, what next."""
    case_id: str = ""
    """Empty where it is the whole task's."""
    corruption: str = ""
    """The defect of the corruption that was judged wrong; empty where it is about a reference."""


@dataclass(frozen=True, slots=True)
class BehaviorGrade:
    """One behavior's verdicts on the references."""

    behavior: str
    applies: bool
    passed: int = 0
    failed: int = 0
    """Errors and crashes among them."""
    skipped: int = 0
    corruptions: int = 0
    """Corrupted references that it must fail."""


@dataclass(frozen=True, slots=True)
class CorruptionGrade:
    """The verdicts on the references that one defect was put into."""

    defect: str
    made: int = 0
    """References that the defect has a place in."""
    right: int = 0
    """Those among them that fail exactly what they should."""
    untried: int = 0
    """References that have no place for it, break nothing by it, or fail themselves."""
    breaks: tuple[str, ...] = ()
    """The behaviors that it breaks in some case."""


@dataclass(frozen=True, slots=True)
class WordingCounts:
    """How many wordings the cases were made from; a case without a template is its own wording."""

    wordings: int = 0
    fewest_cases: int = 0
    """Cases of the wording that has the fewest."""
    most_cases: int = 0


@dataclass(frozen=True, slots=True)
class TaskGrade:
    """The findings in one task's folder."""

    name: str
    folder: Path
    cases: int = 0
    references: int = 0
    wordings: WordingCounts = WordingCounts()
    behaviors: tuple[BehaviorGrade, ...] = ()
    corruptions: tuple[CorruptionGrade, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[str, ...] = ()
    """Findings that are allowed and worth knowing."""

    @property
    def is_sound(self) -> bool:
        return not self.mistakes


def check_task(folder: Path, suites: Path | None = None) -> TaskGrade:
    """Read the task and grade its checks. ``suites`` may hold behaviors of the user's own: the task
    may name them, and the references must pass them.

    Raises:
        HarnessError: there is no task in that folder.
    """
    if not (folder / TASK_FILE).is_file():
        raise HarnessError(f"{folder}: is no task, it has no {TASK_FILE}")
    try:
        task = load_task(folder)
    except HarnessError as error:
        mistakes = tuple(map(Mistake, error.mistakes))
        return TaskGrade(folder.resolve().name, folder, mistakes=mistakes)
    return _Grading(task, suites).grade()


class _Grading:
    """One task being graded."""

    def __init__(self, task: Task, suites: Path | None) -> None:
        self.task = task
        self.suites = suites
        names = names_in_suites(suites) if suites else {}
        self.own = {n: is_single for n, is_single in names.items() if n not in listing()}
        table = checks_of(task)
        self.checks = {n: c for n, c in table.items() if not isinstance(c, Skip)}
        self.skipped = [n for n in table if n not in self.checks]
        self.mistakes: list[Mistake] = []
        self.passed: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.skips: Counter[str] = Counter()
        self.unjudged: list[str] = []
        """Behaviors of the user's own that gave no verdict on any reference."""
        self.broken: Counter[str] = Counter()
        """By behavior: the corruptions that it must fail."""
        self.held = {n for n in self.checks if listing()[n].broken_by is not None}
        """Behaviors whose files say what breaks them; the others are held by references alone."""
        defects = (name for output in self._outputs() for name in defect_names(output))
        self.corruptions = {name: CorruptionGrade(name) for name in defects}

    def grade(self) -> TaskGrade:
        self.mistakes += map(Mistake, name_mistakes(self.task, set(self.checks), self.own))
        self.mistakes += _template_mistakes(self.task.cases)
        self.mistakes += map(Mistake, rule_mistakes(self.task))
        self.mistakes += map(Mistake, count_mistakes(self.task))
        self.mistakes += map(Mistake, variety_mistakes(self.task))
        self.mistakes += (Mistake(text, case) for text, case in reference_mistakes(self.task))
        perfect: list[tuple[Case, Completion]] = []
        of_cases = list(self.corruptions)
        for case in self.task.cases:
            if (
                case.reference is not None
                and (answer := self._perfect(case, case.reference)) is not None
            ):
                perfect.append((case, answer))
                verdicts = self._judge(case, answer)
                is_sound = self._is_sound(case, verdicts)
                if self._are_alternatives_sound(case) and is_sound:
                    self._grade_corruptions(case, verdicts)
        for defect in of_cases:
            grade = self.corruptions[defect]
            self.corruptions[defect] = replace(grade, untried=len(perfect) - grade.made)
        self._grade_run(perfect)
        self._grade_own(perfect)
        return TaskGrade(
            name=self.task.name,
            folder=self.task.path,
            cases=len(self.task.cases),
            references=len(perfect),
            wordings=_wordings(self.task.cases),
            behaviors=tuple(self._behaviors()),
            corruptions=tuple(self.corruptions.values()),
            mistakes=tuple(self.mistakes),
            notes=tuple(self._notes(len(perfect))),
        )

    def _outputs(self) -> Iterator[Output]:
        """The different declarations that hold for cases; a schema that is none is a mistake."""
        for case in {case.declared: case for case in self.task.cases}.values():
            output = self.task.output_for(case)
            if problem := output.schema_problem():
                self.mistakes.append(Mistake(f"schema: not a JSON Schema: {problem}", case.id))
            else:
                yield output

    def _are_alternatives_sound(self, case: Case) -> bool:
        """True when each other reference of a case passes every behavior too."""
        found = [
            self._is_sound(case, self._judge(case, answer), f"reference {number}")
            for number, reference in enumerate(case.alternatives, start=2)
            if (answer := self._perfect(case, reference)) is not None
        ]
        return len(found) == len(case.alternatives) and all(found)

    def _perfect(self, case: Case, reference: JsonValue) -> Completion | None:
        output = self.task.output_for(case)
        text = reference_answer(output, reference)
        if text is not None:
            return Completion(text, case_id=case.id)
        reason = f"the reference of a {output.format} task is {reference_kind(output)}"
        self.mistakes.append(Mistake(reason, case.id))
        return None

    def _is_sound(
        self, case: Case, verdicts: Mapping[str, Verdict], which: str = "the reference"
    ) -> bool:
        """True when a reference passes every behavior; each that it fails is a mistake."""
        found = {n: v for n, v in verdicts.items() if not _is_passed(v)}
        skipped = _skipped(verdicts)
        self.skips.update(skipped)
        self.passed.update(n for n in verdicts if n not in {*found, *skipped})
        self.failed.update(found.keys())
        for name, verdict in found.items():
            text = f"{which} fails {name}: {verdict.reason}"
            self.mistakes.append(Mistake(text, case.id))
        return not found

    def _judge(self, case: Case, completion: Completion) -> Mapping[str, Verdict]:
        return {name: check.judge(case, completion) for name, check in self.checks.items()}

    def _grade_corruptions(self, case: Case, perfect: Mapping[str, Verdict]) -> None:
        output = self.task.output_for(case)
        bare = bare_answer(output, case.reference)
        assert bare is not None, "there is a perfect answer"
        skipped = _skipped(perfect)
        for defect, corruption in corruptions_of(output, case, bare):
            if corruption.breaks & self.held:
                self._grade_corruption(case, defect, corruption, skipped)

    def _grade_corruption(
        self, case: Case, defect: str, corruption: Corruption, skipped: frozenset[str]
    ) -> None:
        """``skipped`` the reference: those that skip the corruption, too, are not the case's."""
        verdicts = self._judge(case, corruption.completion(case))
        held = self.held - (skipped & _skipped(verdicts))
        expected = corruption.breaks & held
        if not expected:
            return
        self.broken.update(expected)
        wrong = [
            _misjudged(name, verdict, name in expected)
            for name, verdict in verdicts.items()
            if name in held and _is_passed(verdict) is (name in expected)
        ]
        self.mistakes += [Mistake(text, case.id, defect) for text in wrong]
        grade = self.corruptions[defect]
        self.corruptions[defect] = replace(
            grade,
            made=grade.made + 1,
            right=grade.right + (not wrong),
            breaks=tuple(n for n in self.checks if n in expected or n in grade.breaks),
        )

    def _grade_run(self, perfect: Sequence[tuple[Case, Completion]]) -> None:
        """Variety: the references differ enough, one answer for every case does not."""
        variety = self.task.variety
        if variety is None or len(perfect) < variety.min_completions:
            return
        verdict = variety.judge(perfect, self.task.output_for)
        self.passed["variety"] += _is_passed(verdict)
        if not _is_passed(verdict):
            self.failed["variety"] += 1
            self.mistakes.append(Mistake(f"the references fail variety: {verdict.reason}"))
        outputs = [self.task.output_for(case) for case, _ in perfect]
        for defect, text in monotone_answers(variety, outputs, perfect[0][1].text):
            self.broken["variety"] += 1
            run = [(case, replace(answer, text=text)) for case, answer in perfect]
            wrong = _is_passed(variety.judge(run, self.task.output_for))
            grade = CorruptionGrade(defect, 1, int(not wrong), breaks=("variety",))
            self.corruptions[defect] = grade
            if wrong:
                text = "variety passes, and this breaks it"
                self.mistakes.append(Mistake(text, corruption=defect))

    def _grade_own(self, perfect: Sequence[tuple[Case, Completion]]) -> None:
        """Run the user's own behaviors over the references."""
        if not (self.suites and self.own and perfect):
            return
        try:
            run = judge_with_suites(self.task, perfect, self.suites)
        except HarnessError as error:
            self.mistakes += map(Mistake, error.mistakes)
            return
        for crash in run.crashes:
            text = f"{crash.place}: {crash.behavior} crashes ({crash.error}), mend the test"
            self.failed[crash.behavior] += 1
            self.mistakes.append(Mistake(text, crash.case_id))
        if run.problem:
            text = f"{self.suites}: cannot be run over the references: {run.problem}"
            self.mistakes.append(Mistake(text))
        if run.record is not None:
            self._note_results(run.record, {case.id for case, _ in perfect})
        judged = {name.partition("[")[0] for name in (*self.passed, *self.failed, *self.skips)}
        if not run.problem:
            singles = (name for name, is_single in self.own.items() if is_single)
            self.unjudged = [name for name in singles if name not in judged]

    def _note_results(self, run: RunRecord, answered: Collection[str]) -> None:
        for sample in run.samples:
            for name, verdict in sample.verdicts.items():
                if sample.case_id in answered and name.partition("[")[0] in self.own:
                    self._note_own(name, sample.case_id, verdict)
        for result in run.results:
            if self.own.get(result.behavior.partition("[")[0], True):
                continue
            self.passed[result.behavior] += result.passed
            self.failed[result.behavior] += result.failed + result.errors
            self.skips[result.behavior] += result.skipped
            if result.met is False:
                reason = result.reason.partition("\n")[0] or "an assertion without a message"
                self.mistakes.append(Mistake(f"the references fail {result.behavior}: {reason}"))

    def _note_own(self, name: str, case_id: str, verdict: Verdict) -> None:
        if verdict.outcome is Outcome.SKIPPED:
            self.skips[name] += 1
        elif _is_passed(verdict):
            self.passed[name] += 1
        else:
            self.failed[name] += 1
            text = f"the reference fails {name}: {verdict.reason}"
            self.mistakes.append(Mistake(text, case_id))

    def _behaviors(self) -> Iterator[BehaviorGrade]:
        counted = {**self.passed, **self.failed, **self.skips}
        others = [n for n in counted if n not in self.checks]
        for name in (*self.checks, *others):
            counts = self.passed[name], self.failed[name], self.skips[name], self.broken[name]
            yield BehaviorGrade(name, True, *counts)
        yield from (BehaviorGrade(name, False) for name in self.skipped)

    def _notes(self, references: int) -> Iterator[str]:
        cases = self.task.cases
        if references < len(cases):
            yield f"{len(cases) - references} of {len(cases)} cases have no reference to grade by"
        asked = Counter(case.messages for case in cases)
        if repeated := sum(count - 1 for count in asked.values()):
            told = "they say nothing more"
            yield f"{repeated} of {len(cases)} prompts are also another case's: {told}"
        templates = {case.template for case in cases}
        if len(cases) > 1 and len(templates) == 1 and templates != {""}:
            yield "every case has the same template: they are one cluster, of which no rate is sure"
        if self.unjudged:
            names = ", ".join(self.unjudged)
            yield f"{names} of {self.suites} judged no reference: not this task's, or skipped"
        never = [n for n in self.checks if not self.broken[n]]
        if never and len(never) < len(self.checks):
            yield f"no corruption breaks {', '.join(never)}: whether it can fail is not shown"


def _is_passed(verdict: Verdict) -> bool:
    return verdict.outcome in (Outcome.PASSED, Outcome.SKIPPED)


def _skipped(verdicts: Mapping[str, Verdict]) -> frozenset[str]:
    return frozenset(n for n, v in verdicts.items() if v.outcome is Outcome.SKIPPED)


def _misjudged(name: str, verdict: Verdict, is_expected: bool) -> str:
    if is_expected:
        return f"{name} passes, and this breaks it"
    return f"{name} fails, and this does not break it: {verdict.reason}"


def _wordings(cases: Sequence[Case]) -> WordingCounts:
    uses = Counter((bool(case.template), case.template or case.id) for case in cases)
    return WordingCounts(len(uses), min(uses.values()), max(uses.values()))


def _template_mistakes(cases: Sequence[Case]) -> Iterator[Mistake]:
    """Templates are clusters: every case has one or none has, and each is written in one way."""
    first: dict[str, Case] = {}
    has_templates = any(case.template for case in cases)
    for case in cases:
        for what, name in (("id", case.id), ("template", case.template)):
            if name != name.strip() or not name.isprintable():
                yield Mistake(
                    f"the {what} {name!r} has blanks around it or control characters", case.id
                )
        if has_templates and not case.template:
            yield Mistake("has no template, and other cases have one: name its wording", case.id)
        known = first.setdefault(case.template.strip().casefold(), case)
        if known.template != case.template:
            text = f"the template {case.template!r} is {known.template!r} in case {known.id}"
            yield Mistake(f"{text}: write it in one way", case.id)
