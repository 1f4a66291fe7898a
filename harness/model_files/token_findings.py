"""Findings about a model's tokens: the end of an answer, the beginning of a prompt, padding."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from harness.core.printable import excerpt
from harness.core.suggestion import did_you_mean
from harness.core.tool_form import TOOL_FORMS
from harness.model_files.finding import Finding, note, problem, warning
from harness.model_files.template_probe import RenderedTurn, turn
from harness.model_files.tokens import TokenFacts

_SPECIAL_NAMES = ("eos", "pad", "bos")


def token_findings(tokens: TokenFacts) -> Iterator[Finding]:
    """Findings about one model's tokens and chat template."""
    yield from _special_findings(tokens)
    yield from _end_findings(tokens)
    if tokens.named_templates:
        yield problem(
            tokens.template_file,
            f"there are the chat templates {excerpt(', '.join(tokens.named_templates))} and none "
            "called default",
            "transformers refuses every prompt: give one of them that name",
        )
        return
    written = rendered_turn(tokens)
    if written is None:
        yield note(
            tokens.special_file,
            "there is no chat template",
            "the prompt is each message's text and a line feed",
        )
        return
    if written.error is not None:
        yield warning(
            tokens.template_file,
            f"the chat template cannot write one question and its answer: {excerpt(written.error)}",
            "prompts of that shape fail",
        )
        return
    yield from prompt_findings(tokens)
    yield from _turn_findings(tokens, written)


def rendered_turn(tokens: TokenFacts) -> RenderedTurn | None:
    """One question and its answer through the model's chat template, where it has one."""
    if tokens.template is None:
        return None
    special = {f"{name}_token": getattr(tokens, name) for name in _SPECIAL_NAMES}
    return turn(tokens.template, special)


def argument_findings(tokens: TokenFacts, arguments: Iterable[str]) -> Iterator[Finding]:
    """Arguments that the model's chat template does not read."""
    written = rendered_turn(tokens)
    if written is None or written.error is not None:
        return
    for name in arguments:
        if name not in written.variables:
            hint = did_you_mean(name, written.variables, "check how it is spelt")
            yield warning(
                tokens.template_file, f"the chat template does not read the argument {name}", hint
            )


def tool_findings(tokens: TokenFacts, *, needs_form: bool) -> Iterator[Finding]:
    """Reasons why a model cannot be asked to call tools.

    ``needs_form``: calls are judged in the form that its chat template writes.
    """
    written = rendered_turn(replace(tokens, template=tokens.tool_template or tokens.template))
    if written is None:
        yield problem(
            tokens.special_file,
            "there is no chat template, which would tell the model of tools",
            "leave out tasks with format: tool_calls, or add a template that writes them",
        )
    elif written.error is None and not written.writes_tools:
        yield problem(
            tokens.template_file,
            "this model's chat template writes no tools",
            "the model would not know of them: leave out tasks with format: tool_calls, or serve "
            "it with a template that writes them",
        )
    elif written.error is None and needs_form and written.tool_form is None:
        yield problem(
            tokens.template_file,
            "the form in which this model's chat template writes calls is not known",
            f"say it in the task's output, tool_form: {' or '.join(TOOL_FORMS)}",
        )


def prompt_findings(tokens: TokenFacts) -> Iterator[Finding]:
    """A prompt that does not end where an answer begins, or that differs from run to run."""
    written = rendered_turn(tokens)
    if written is None or written.error is not None:
        return
    if written.missing:
        yield warning(
            tokens.template_file,
            f"a prompt does not open the answer: {excerpt(written.missing)!r} is missing at its "
            "end, whatever add_generation_prompt says",
            "the model has to write it first: add it to the template",
        )
    if written.clock is not None:
        yield note(
            tokens.template_file,
            "the chat template reads the clock",
            f"it is told {written.clock} in every run, so that two runs ask the same prompts",
        )
    if written.is_random:
        yield warning(
            tokens.template_file,
            "the chat template draws at random",
            "two runs of one plan ask other prompts, and cannot be compared",
        )


def copy_findings(
    tokens: TokenFacts, other: TokenFacts, whose: str, *, is_copy: bool = True
) -> Iterator[Finding]:
    """Differences in chat template and pre-tokenizer to the model that a model was made from.

    Args:
        tokens: of the model.
        other: of the model it was made from, or of one with the same vocabulary.
        whose: names that model in the findings.
        is_copy: the model was made from another: without a template it has lost one.
    """
    if None not in (names := (tokens.pre_tokenizer, other.pre_tokenizer)) and len(set(names)) > 1:
        yield warning(
            tokens.special_file,
            f"the pre-tokenizer is {names[0]}, that of {whose} is {names[1]}",
            "some texts become other tokens, numbers first: copy tokenizer.json or export again",
        )
    if tokens.template == other.template:
        return
    if tokens.template is None and not is_copy:
        yield warning(
            tokens.special_file,
            f"there is no chat template, {whose} has one",
            "the two are asked in other words",
        )
    elif tokens.template is None:
        yield problem(
            tokens.special_file,
            f"the chat template of {whose} is lost",
            f"every prompt would be plain text: copy it from there ({other.template_file})",
        )
    elif other.template is None:
        yield note(
            tokens.template_file,
            f"there is a chat template, {whose} has none",
            "the two are asked in other words",
        )
    elif tokens.template.strip() == other.template.strip():
        yield warning(
            tokens.template_file,
            f"the chat template differs from that of {whose} by blanks at its ends",
            "a blank at the end of a prompt can change every answer: copy it",
        )
    else:
        yield warning(
            tokens.template_file,
            f"the chat template is not that of {whose}",
            "the two are asked in other words: copy it, unless it was changed on purpose",
        )


def _special_findings(tokens: TokenFacts) -> Iterator[Finding]:
    for name in _SPECIAL_NAMES:
        text = getattr(tokens, name)
        if text is not None and tokens.ids and text not in tokens.ids:
            level = problem if name == "eos" else warning
            yield level(
                tokens.special_file,
                f"{name.upper()} is {excerpt(text)!r}, which the vocabulary does not hold",
                "it would be written as several tokens: name one that is there",
            )
    if tokens.eos is None:
        yield warning(
            tokens.special_file, "there is no EOS token", "answers end at the token limit alone"
        )
    elif tokens.pad == tokens.eos:
        yield note(
            tokens.special_file,
            f"PAD is EOS ({excerpt(tokens.eos)})",
            "a trainer that leaves PAD out of the loss never teaches the model to stop; "
            "this one's loss mask goes by position",
        )


def _end_findings(tokens: TokenFacts) -> Iterator[Finding]:
    """Files that name different ends of an answer, or ends outside the vocabulary."""
    for where, ids in tokens.end_ids.items():
        outside = [i for i in ids if tokens.ids and i >= tokens.least_rows]
        if outside:
            yield problem(
                where,
                f"the answer ends at id {outside[0]}, the vocabulary has {tokens.least_rows}",
                "correct eos_token_id",
            )
    own = tokens.ids.get(tokens.eos) if tokens.eos is not None else None
    if own is None:
        return
    for where, ids in tokens.end_ids.items():
        if own not in ids:
            named = ", ".join(_named(tokens, i) for i in ids[:3])
            yield warning(
                where,
                f"the answer ends at {named}, in {tokens.special_file} at {_named(tokens, own)}",
                "the harness stops at both, other programs at one: make them agree",
            )


def _turn_findings(tokens: TokenFacts, written: RenderedTurn) -> Iterator[Finding]:
    last = _first_special(tokens, written.after)
    ends = {i for ids in tokens.end_ids.values() for i in ids}
    if tokens.eos in tokens.ids:
        ends.add(tokens.ids[tokens.eos or ""])
    if last is None:
        yield note(
            tokens.template_file,
            "the chat template writes no token of its own after an answer",
            "what the model was trained to end with cannot be told from it",
        )
    elif ends and tokens.ids[last] not in ends:
        named = ", ".join(_named(tokens, i) for i in sorted(ends))
        yield warning(
            tokens.template_file,
            f"the chat template ends an answer with {_named(tokens, tokens.ids[last])}, "
            f"generation stops at {named}",
            "a model trained on it never stops: name that token as EOS",
        )
    if tokens.bos is None or not tokens.has_bos_added:
        return
    if written.before.startswith(tokens.bos):
        yield note(
            tokens.adds_bos_where,
            f"template and tokenizer both begin with BOS ({excerpt(tokens.bos)})",
            "the harness writes one; a program that tokenizes the rendered text writes two",
        )
    else:
        yield note(
            tokens.adds_bos_where,
            f"the tokenizer begins with BOS ({excerpt(tokens.bos)}), the chat template does not",
            "prompts through the template have none",
        )


def _first_special(tokens: TokenFacts, text: str) -> str | None:
    """The special token that comes first in ``text``; the longest of those at one place."""
    special = tokens.special | {s for s in (tokens.eos, tokens.bos, tokens.pad) if s}
    places = [(at, -len(s), s) for s in special if s in tokens.ids and (at := text.find(s)) >= 0]
    return min(places)[2] if places else None


def _named(tokens: TokenFacts, token_id: int) -> str:
    text = tokens.text_of(token_id)
    return f"{token_id}" if text is None else f"{excerpt(text)} ({token_id})"
