"""An exchange: a question, and what each model answered to it, judged."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.chat.answering import Answer
from harness.chat.conversation import Question
from harness.core.case import Case, JsonValue
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.core.verdict import Outcome
from harness.tasks.judging import VerdictMap, judge_answer
from harness.tasks.task import Task


@dataclass(frozen=True, slots=True)
class Reply:
    """One model's answer with its verdicts."""

    request: Request
    case: Case
    answer: Answer
    verdicts: VerdictMap

    @classmethod
    def of(cls, request: Request, case: Case, answer: Answer, task: Task | None) -> "Reply":
        """The answer judged by the task; without one, or where it is none, there is no verdict."""
        is_judged = task is not None and answer.completion.error is None
        verdicts = judge_answer(case, answer.completion, task) if is_judged and task else {}
        return cls(request, case, answer, verdicts)

    @property
    def failed(self) -> tuple[str, ...]:
        """Behaviors that the answer fails."""
        return tuple(n for n, v in self.verdicts.items() if v.outcome is Outcome.FAILED)

    def with_reference(self, reference: JsonValue, task: Task) -> "Reply":
        """The same answer, judged with a reference."""
        return Reply.of(self.request, replace(self.case, reference=reference), self.answer, task)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and the replies of the models, in their order."""

    question: Question
    task: Task | None
    replies: Mapping[ModelRef, Reply]

    @property
    def is_stopped(self) -> bool:
        """Ctrl-C stopped an answer."""
        return any(reply.answer.is_stopped for reply in self.replies.values())

    def reply(self, letter: str | None) -> Reply:
        """The reply of the model that a letter names; without one, of the only model.

        Raises:
            HarnessError: there are several models and no letter, or none of that letter.
        """
        replies = [*self.replies.values()]
        letters = [letter_of(i) for i in range(len(replies))]
        if letter is None and len(replies) == 1:
            return replies[0]
        if letter is None or letter.upper() not in letters:
            raise HarnessError(f"say whose answer: {' or '.join(letters)}")
        return replies[letters.index(letter.upper())]


def letter_of(index: int) -> str:
    """``A`` for the first model."""
    return chr(ord("A") + index)
