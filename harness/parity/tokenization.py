"""Holds what two models read against each other: a pure function of two Readings."""

from collections.abc import Iterator, Mapping, Sequence

from harness.core.printable import excerpt
from harness.engine.tokenization import Prompt, Token, Tokenization, Vocabulary
from harness.parity.values import Mismatch, SettingDifference, TokenizationParity, TokenText

MOST_MISMATCHES = 20
AROUND = 24
"""Characters shown of a text from where it differs."""


def compare_tokenizations(
    before: Tokenization, after: Tokenization, requests: Mapping[str, tuple[str, str]]
) -> TokenizationParity:
    """What differs in two models' reading of the same requests.

    Args:
        before: one model's reading.
        after: the other's.
        requests: task and case id of each request that counts, by its key.
    """
    theirs = {prompt.key: prompt for prompt in after.prompts}
    pairs = [
        (old, theirs[old.key])
        for old in before.prompts
        if old.key in requests and old.key in theirs
    ]
    found = [
        mismatch
        for old, new in pairs
        if (mismatch := _mismatch(old, new, before, after, requests[old.key])) is not None
    ]
    return TokenizationParity(
        prompts=len(pairs),
        mismatched=len(found),
        mismatches=tuple(found[:MOST_MISMATCHES]),
        settings=tuple(_settings(before.vocabulary, after.vocabulary)),
    )


def first_difference(before: Sequence[object], after: Sequence[object]) -> int | None:
    """The first place where two sequences differ, one ending before the other included."""
    for place, (old, new) in enumerate(zip(before, after, strict=False)):
        if old != new:
            return place
    return None if len(before) == len(after) else min(len(before), len(after))


def format_token(token: TokenText | None) -> str:
    """``'{"' (4895)``; the end of the text where there is no token."""
    if token is None:
        return "nothing"
    return f"{token.id}" if token.text is None else f"{excerpt(token.text)!r} ({token.id})"


def differences(found: TokenizationParity) -> tuple[str, ...]:
    """What is read differently: a line each, prompts first, then what else is wrong."""
    wrong = (s for s in found.settings if s.is_wrong)
    return (*map(format_mismatch, found.mismatches), *map(format_setting, wrong))


def format_mismatch(found: Mismatch) -> str:
    """``case-7: other tokens, token 12: ' a' (31) before, ' ab' (32) after``."""
    what = {"text": "another prompt", "tokens": "other tokens", "error": "no prompt"}[found.kind]
    unit = {"text": ", character", "tokens": ", token"}.get(found.kind)
    place = f"{unit} {found.position}" if unit else ""
    return f"{found.case_id}: {what}{place}: {found.before} before, {found.after} after"


def format_setting(found: SettingDifference) -> str:
    """``EOS: <|im_end|> (2) before, none after``."""
    return f"{found.name}: {found.before} before, {found.after} after"


def _mismatch(
    old: Prompt, new: Prompt, before: Tokenization, after: Tokenization, named: tuple[str, str]
) -> Mismatch | None:
    task, case_id = named
    if old.error is not None or new.error is not None:
        if old.error == new.error:
            return None
        said = (excerpt(p.error, 200) if p.error is not None else "a prompt" for p in (old, new))
        return Mismatch(task, case_id, "error", 0, *said)
    if old.token_ids == new.token_ids:
        return None  # Texts that differ to no effect: one was normalised before it was shown.
    if (place := first_difference(old.text, new.text)) is not None:
        stretches = (_stretch(p.text, place) for p in (old, new))
        return Mismatch(task, case_id, "text", place, *stretches)
    if (place := first_difference(old.token_ids, new.token_ids)) is not None:
        here = (
            format_token(_at(prompt, place, reading))
            for prompt, reading in ((old, before), (new, after))
        )
        return Mismatch(task, case_id, "tokens", place, *here)
    return None


def _at(prompt: Prompt, place: int, reading: Tokenization) -> TokenText | None:
    if place >= len(prompt.token_ids):
        return None
    token_id = prompt.token_ids[place]
    return TokenText(token_id, reading.texts.get(token_id))


def _settings(before: Vocabulary, after: Vocabulary) -> Iterator[SettingDifference]:
    for name, old, new, is_wrong in (
        ("EOS", _named(before.eos), _named(after.eos), False),
        ("PAD", _named(before.pad), _named(after.pad), False),
        ("BOS", _named(before.bos), _named(after.bos), False),
        # An end more stops early at worst where the model wanted to stop; one less never stops.
        ("end of answer", _ids(before.end_ids), _ids(after.end_ids), _loses_end(before, after)),
        ("BOS before plain text", before.has_bos_added, after.has_bos_added, False),
        ("vocabulary", before.size, after.size, before.size > after.logits),
        ("context", before.context, after.context, False),
    ):
        if old != new:
            yield SettingDifference(name, str(old), str(new), is_wrong)
    if before.chat_template != after.chat_template:
        yield SettingDifference(
            "chat template", *_parted(before.chat_template, after.chat_template), False
        )


def _parted(old: str | None, new: str | None) -> tuple[str, str]:
    """Two templates from where they differ. What it does to prompts is said of the prompts."""
    if old is None or new is None:
        return (
            "none" if old is None else "there is one",
            "none" if new is None else "there is one",
        )
    place = first_difference(old, new) or 0
    return _stretch(old, place), _stretch(new, place)


def _stretch(text: str, place: int) -> str:
    return repr(excerpt(text[place:], AROUND)) if place < len(text) else "the end"


def _loses_end(before: Vocabulary, after: Vocabulary) -> bool:
    return not set(before.end_ids) <= set(after.end_ids)


def _named(token: Token | None) -> str:
    return "none" if token is None else f"{excerpt(token.text)} ({token.id})"


def _ids(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids)) or "none"
