"""A row: the state of one prompt during decoding, for every library that decodes it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness.core.completion import Completion, FinishReason, Timing
from harness.core.grammar import Grammar
from harness.core.logprobs import Logprobs
from harness.core.plan import Request, Sampling, failed
from harness.core.stops import before_stop, stopped
from harness.core.tool_form import ToolForm
from harness.engine.token_lengths import next_text, token_lengths
from harness.engine.tokenization import Prompt

GREEDY = Sampling()
STOP_TOKENS = 4
"""Tokens that are decoded beyond a stop's bytes, each of which holds at least one: a tokenizer may
read the first of them otherwise than within the answer."""


class Score(NamedTuple):
    """The log-probability of a generated token, and its runner-up: the likeliest other token."""

    logprob: float
    runner_up: int
    runner_up_logprob: float


@dataclass(slots=True)
class Row:
    """One prompt and the tokens generated for it so far."""

    prompt: list[int]
    seed: int
    max_new_tokens: int
    token_ids: list[int] = field(default_factory=list)
    ended: bool = False
    """The model generated an end token."""
    grammar: Grammar | None = None
    """The grammar that its answer is constrained to."""
    stop: tuple[str, ...] = ()
    """Texts that end the answer."""
    text_of: Callable[[list[int]], str] | None = None
    """Decodes tokens; there where ``stop`` is, or ``scores``."""
    is_stopped: bool = False
    """The answer has reached one of ``stop``."""
    is_dropped: bool = False
    """Nobody wants its answer any more."""
    problem: str | None = None
    """One line: the reason why it has no answer, which is no fault of its batch."""
    generator: Any = None
    """Draws its tokens; each library has its own kind, made for the first draw."""
    matcher: Any = None
    """The state of its grammar, made for its first token."""
    first_token_seconds: float = 0.0
    seconds: float = 0.0
    began: float = 0.0
    """Reading of ``time.perf_counter`` from which its times count."""
    key: str = ""
    """Key of its request."""
    sampling: Sampling = GREEDY
    """The decoding that its request asks for."""
    scores: list[Score] | None = None
    """One for each generated token; ``None`` where they are not asked for."""
    tool_form: ToolForm | None = None
    """The form in which the model's template writes calls, where it was given tools."""

    @property
    def is_open(self) -> bool:
        is_over = self.ended or self.is_stopped or self.is_dropped or self.problem is not None
        return not is_over and len(self.token_ids) < self.max_new_tokens

    @property
    def width(self) -> int:
        """The largest number of tokens: the prompt and the longest answer."""
        return len(self.prompt) + self.max_new_tokens

    @property
    def answer_ids(self) -> list[int]:
        """Tokens of the answer's text, without the end token."""
        return self.token_ids[:-1] if self.ended else self.token_ids

    def take(self, token: int, end_ids: frozenset[int], seconds: float) -> None:
        """Append a token that came ``seconds`` after the start."""
        self.token_ids.append(token)
        self.ended = token in end_ids
        self.is_stopped = bool(self.stop) and not self.ended and self._has_stop()
        self.first_token_seconds = self.first_token_seconds or seconds
        self.seconds = seconds

    def _has_stop(self) -> bool:
        """True if a stop has come with the last token."""
        assert self.text_of is not None
        tokens = max(len(stop.encode()) for stop in self.stop) + STOP_TOKENS
        return before_stop(self.text_of(self.token_ids[-tokens:]), self.stop) is not None

    @classmethod
    def of(
        cls,
        request: Request,
        prompt: Prompt,
        context: int | None,
        text_of: Callable[[list[int]], str],
    ) -> "Row | None":
        """The row of a prompt; ``None`` where it cannot be answered, see ``prompt_problem``."""
        if prompt_problem(prompt, context):
            return None
        room = request.sampling.max_new_tokens
        if context is not None:
            room = min(room, context - len(prompt.token_ids))
        ids, stop = list(prompt.token_ids), request.stop
        return cls(
            ids,
            request.seed,
            room,
            grammar=request.grammar,
            stop=stop,
            text_of=text_of,
            key=request.key,
            sampling=request.sampling,
            scores=[] if request.has_logprobs else None,
            tool_form=prompt.tool_form,
        )


PROMPT_PROBLEMS = (
    "the prompt has ",
    "the chat template fails on it: ",
    "the tokenizer fails on it: ",
)
"""Openings of the reasons why a prompt, and not the model, is at fault."""


def prompt_problem(prompt: Prompt, context: int | None) -> str | None:
    """One line that says why a prompt cannot be answered; ``None`` where it can."""
    if prompt.error is not None:
        return prompt.error
    tokens = len(prompt.token_ids)
    if tokens == 0:
        return "the prompt has no tokens"
    if context is not None and tokens >= context:
        return f"the prompt has {tokens} tokens, the model holds {context}"
    return None


def completion(request: Request, row: Row, text: str, batch_rows: int) -> Completion:
    """The completion of a decoded row; ``text`` is the decoded ``row.answer_ids``."""
    if row.problem is not None:
        return failed(request, row.problem)
    whole = Completion(
        text=text,
        finish_reason=FinishReason.STOP if row.ended else FinishReason.LENGTH,
        case_id=request.case_id,
        repeat=request.repeat,
        token_ids=tuple(row.token_ids),
        prompt_tokens=len(row.prompt),
        timing=Timing(row.seconds, row.first_token_seconds, batch_rows),
        logprobs=_logprobs(row, text),
        tool_form=row.tool_form,
    )
    return stopped(whole, request.stop)


def _logprobs(row: Row, text: str) -> Logprobs | None:
    """The row's scores with the text that each token stands for."""
    if not row.scores:
        return None
    assert row.text_of is not None
    ids = row.token_ids
    lengths = [*token_lengths(row.answer_ids, text, row.text_of), *([0] if row.ended else [])]
    runner_ups = [next_text(ids[:i], s.runner_up, row.text_of) for i, s in enumerate(row.scores)]
    return Logprobs.of(
        lengths,
        [score.logprob for score in row.scores],
        runner_ups,
        [score.runner_up_logprob for score in row.scores],
    )


def sampling_key(asked: Request | Row) -> str:
    """Key of the sampling parameters that are the same for all requests of a plan's batch."""
    s = asked.sampling
    return repr((s.temperature, s.top_p, s.top_k, s.repetition_penalty))


def check_sequence(ids: list[int], vocabulary: int, context: int | None) -> str | None:
    """One line that says why a model cannot read ``ids``; ``None`` where it can."""
    if not ids:
        return "an empty sequence has no logits"
    if outside := [i for i in ids if not 0 <= i < vocabulary]:
        return f"token {outside[0]} is not among the model's {vocabulary}"
    if context is not None and len(ids) > context:
        return f"a sequence has {len(ids)} tokens, the model holds {context}"
    return None


def batched(
    requests: Iterable[Request], fits: Callable[[Sequence[Request], Request], bool]
) -> list[list[Request]]:
    """Divide requests, in their order, into batches: each is filled until the next request does not
    fit."""
    batches: list[list[Request]] = []
    for request in requests:
        if batches and fits(batches[-1], request):
            batches[-1].append(request)
        else:
            batches.append([request])
    return batches
