"""A conversation: what was said, how answers are decoded, and the request that a line makes.

Each model goes on with its own answers. With a task that has a prompt every line is a case of its
own, asked as the suites ask it, and nothing that was said before is part of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from harness.core.case import Case, JsonValue, Message
from harness.core.errors import HarnessError
from harness.core.grammar import Grammar
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.core.suggestion import did_you_mean
from harness.core.values import fields_of
from harness.engine.grammar import grammar_of
from harness.files.yaml_file import explain
from harness.tasks.task import Task, case_of
from harness.tasks.task_file import CaseLine, SamplingFile

NO_TASK = "chat"
"""Stands in a request for the task, where there is none."""


@dataclass(frozen=True, slots=True)
class Question:
    """A line that was typed, to be asked of every model."""

    id: str
    text: str
    """The user's message, where no prompt of a task is filled."""
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    """Variables of the task's prompt."""
    reference: JsonValue = None
    repeat: int = 0
    """Number of earlier tries."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with the text of each model that answered it."""

    id: str
    """The question's."""
    text: str
    answers: Mapping[ModelRef, str]


def grammar_for(task: Task | None) -> Grammar:
    """The grammar that answers to a task keep to.

    Raises:
        HarnessError: there is no task, or no grammar can express its answers.
    """
    if task is None:
        raise HarnessError("name a task, whose JSON schema is the grammar")
    if task.answer_schema is None:
        raise HarnessError(f"{task.name} has no answers with a grammar, which values have")
    return grammar_of(task.answer_schema, task.output.format, task.output.delimiter)


@dataclass
class Conversation:
    """The state that commands change and questions are made with."""

    task: Task | None = None
    system: str | None = None
    """Text of the system message, where the task brings none."""
    changes: dict[str, JsonValue] = field(default_factory=dict)
    """Decoding parameters that go before the task's, by name."""
    turns: list[Turn] = field(default_factory=list)
    asked: int = 0
    """Questions so far, which their ids count."""
    grammar: Grammar | None = None
    """The grammar of the task, that answers keep to; ``None``: free decoding."""

    @property
    def is_filled(self) -> bool:
        """A line fills the prompt of the task: it is a case of its own."""
        return self.task is not None and self.task.file.prompt is not None

    @property
    def sampling(self) -> Sampling:
        """The decoding of the next answer."""
        base = self.task.sampling if self.task else Sampling()
        return replace(base, **self.changes)  # type: ignore[arg-type]

    def question(self, text: str, variables: Mapping[str, JsonValue] | None = None) -> Question:
        """The next question."""
        self.asked += 1
        return Question(f"chat-{self.asked}", text, variables or {})

    def case(self, ref: ModelRef, question: Question) -> Case:
        """The case that a question is for a model.

        Raises:
            HarnessError: the prompt cannot be filled.
        """
        if self.is_filled:
            assert self.task is not None
            variables = dict(question.variables)
            case = case_of(CaseLine(id=question.id, variables=variables), self.task.file)
            return replace(case, reference=question.reference)
        said = [Message("system", self.system)] if self.system else []
        for turn in self.turns:
            if ref in turn.answers:
                said += [Message("user", turn.text), Message("assistant", turn.answers[ref])]
        messages = (*said, Message("user", question.text))
        return Case(question.id, messages, question.reference)

    def request(self, case: Case, question: Question) -> Request:
        """The request of a case, decoded and rendered as the task and the changes say."""
        if self.task is None:
            asked = Request(NO_TASK, case.id, case.messages, self.sampling)
        else:
            (asked,) = self.task.requests([case])
        return replace(asked, sampling=self.sampling, grammar=self.grammar, repeat=question.repeat)

    def keep(self, question: Question, answers: Mapping[ModelRef, str]) -> None:
        """Go on with these answers, unless each line is a case of its own."""
        if answers and not self.is_filled:
            self.turns.append(Turn(question.id, question.text, answers))

    def again(self, question: Question) -> Question:
        """The question to be asked once more; what was answered to it is forgotten."""
        self.turns = [turn for turn in self.turns if turn.id != question.id]
        return replace(question, repeat=question.repeat + 1)

    def use(self, task: Task | None) -> None:
        """Judge by another task, or by none; what was said is forgotten.

        Raises:
            HarnessError: answers are constrained, and it has no grammar.
        """
        if self.grammar is not None:
            self.grammar = grammar_for(task)
        self.task = task
        self.reset()

    def constrain(self, is_constrained: bool) -> None:
        """Hold the answers to the grammar of the task, or decode them freely.

        Raises:
            HarnessError: there is no grammar of the task.
        """
        self.grammar = grammar_for(self.task) if is_constrained else None

    def reset(self) -> None:
        """Forget what was said; task, system message and decoding stay."""
        self.turns.clear()

    def set(self, name: str, value: str) -> None:
        """Change a decoding parameter.

        Raises:
            HarnessError: there is no such parameter, or it cannot have that value.
        """
        known = SamplingFile.model_fields
        if name not in known:
            hint = did_you_mean(name, known, f"there are {', '.join(known)}")
            raise HarnessError(f"no parameter {name!r}, {hint}")
        try:
            checked = SamplingFile.model_validate({**fields_of(self.sampling), name: value})
        except ValidationError as error:
            raise HarnessError(explain(error.errors()[0], SamplingFile)) from None
        self.changes[name] = getattr(checked, name)
