"""Compares two models' tokenization: a pure function of two ``Tokenization`` values."""

from collections.abc import Iterator, Mapping, Sequence

from harness.core.printable import excerpt
from harness.engine.tokenization import Prompt, Token, Tokenization, Vocabulary
from harness.parity.values import PromptMismatch, SettingDifference, TokenizationParity, TokenText

MAX_MISMATCHES = 20
AROUND = 24
"""Characters shown of a text from the first difference on."""


def compare_tokenizations(
    before: Tokenization, after: Tokenization, requests: Mapping[str, tuple[str, str]]
) -> TokenizationParity:
    """Compare two models' tokenization of ``requests``: task and case id of each, by key."""
    after_by_key = {prompt.key: prompt for prompt in after.prompts}
    pairs = [
        (old, after_by_key[old.key])
        for old in before.prompts
        if old.key in requests and old.key in after_by_key
    ]
    found = [
        mismatch
        for old, new in pairs
        if (mismatch := _mismatch(old, new, before, after, requests[old.key])) is not None
    ]
    return TokenizationParity(
        prompts=len(pairs),
        mismatched=len(found),
        mismatches=tuple(found[:MAX_MISMATCHES]),
        settings=tuple(_settings(before.vocabulary, after.vocabulary)),
    )


def first_difference(before: Sequence[object], after: Sequence[object]) -> int | None:
    """The first index at which two sequences differ, or at which the shorter one ends."""
    for position, (old, new) in enumerate(zip(before, after, strict=False)):
        if old != new:
            return position
    return None if len(before) == len(after) else min(len(before), len(after))


def format_token(token: TokenText | None) -> str:
    """``'{"' (4895)``; the end of the text where there is no token."""
    if token is None:
        return "nothing"
    return f"{token.id}" if token.text is None else f"{excerpt(token.text)!r} ({token.id})"


def differences(found: TokenizationParity) -> tuple[str, ...]:
    """Differences, one line each: prompts first, then wrong settings."""
    wrong = (s for s in found.settings if s.is_wrong)
    return (*map(format_mismatch, found.mismatches), *map(format_setting, wrong))


def format_mismatch(found: PromptMismatch) -> str:
    """``case-7: other tokens, token 12: ' a' (31) before, ' ab' (32) after``."""
    what = {"text": "another prompt", "tokens": "other tokens", "error": "no prompt"}[found.kind]
    unit = {"text": ", character", "tokens": ", token"}.get(found.kind)
    position = f"{unit} {found.position}" if unit else ""
    return f"{found.case_id}: {what}{position}: {found.before} before, {found.after} after"


def format_setting(found: SettingDifference) -> str:
    """``EOS: <|im_end|> (2) before, none after``."""
    return f"{found.name}: {found.before} before, {found.after} after"


def _mismatch(
    old: Prompt, new: Prompt, before: Tokenization, after: Tokenization, case: tuple[str, str]
) -> PromptMismatch | None:
    task, case_id = case
    if old.error is not None or new.error is not None:
        if old.error == new.error:
            return None
        texts = (excerpt(p.error, 200) if p.error is not None else "a prompt" for p in (old, new))
        return PromptMismatch(task, case_id, "error", 0, *texts)
    if old.token_ids == new.token_ids:
        return None  # The texts may still differ: one tokenizer normalises before it tokenizes.
    if (position := first_difference(old.text, new.text)) is not None:
        excerpts = (_excerpt(p.text, position) for p in (old, new))
        return PromptMismatch(task, case_id, "text", position, *excerpts)
    if (position := first_difference(old.token_ids, new.token_ids)) is not None:
        tokens = (
            format_token(_token_at(prompt, position, reading))
            for prompt, reading in ((old, before), (new, after))
        )
        return PromptMismatch(task, case_id, "tokens", position, *tokens)
    return None


def _token_at(prompt: Prompt, position: int, reading: Tokenization) -> TokenText | None:
    if position >= len(prompt.token_ids):
        return None
    token_id = prompt.token_ids[position]
    return TokenText(token_id, reading.texts.get(token_id))


def _settings(before: Vocabulary, after: Vocabulary) -> Iterator[SettingDifference]:
    for name, old, new, is_wrong in (
        ("EOS", _token_name(before.eos), _token_name(after.eos), False),
        ("PAD", _token_name(before.pad), _token_name(after.pad), False),
        ("BOS", _token_name(before.bos), _token_name(after.bos), False),
        # A model with an extra end token may stop early; one that lost an end token may never stop.
        ("end of answer", _ids(before.end_ids), _ids(after.end_ids), _loses_end(before, after)),
        ("BOS before plain text", before.has_bos_added, after.has_bos_added, False),
        ("pre-tokenizer", *_pre_tokenizers(before, after), True),
        ("vocabulary", before.size, after.size, before.size > after.logits),
        ("context", before.context, after.context, False),
    ):
        if old != new:
            yield SettingDifference(name, str(old), str(new), is_wrong)
    if before.chat_template != after.chat_template:
        yield SettingDifference(
            "chat template", *_template_excerpts(before.chat_template, after.chat_template), False
        )


def _pre_tokenizers(before: Vocabulary, after: Vocabulary) -> tuple[str | None, str | None]:
    """Both names; the same where one of them is unknown, which says nothing."""
    old, new = before.pre_tokenizer, after.pre_tokenizer
    return (old, new) if old is not None and new is not None else (None, None)


def _template_excerpts(old: str | None, new: str | None) -> tuple[str, str]:
    """Two templates from the first difference on. Prompts show whether it has an effect."""
    if old is None or new is None:
        was, now = ("none" if text is None else "there is one" for text in (old, new))
        return was, now
    position = first_difference(old, new) or 0
    return _excerpt(old, position), _excerpt(new, position)


def _excerpt(text: str, position: int) -> str:
    return repr(excerpt(text[position:], AROUND)) if position < len(text) else "the end"


def _loses_end(before: Vocabulary, after: Vocabulary) -> bool:
    return not set(before.end_ids) <= set(after.end_ids)


def _token_name(token: Token | None) -> str:
    return "none" if token is None else f"{excerpt(token.text)} ({token.id})"


def _ids(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids)) or "none"
