"""The tokens of a folder as ``save_pretrained`` writes it."""

from pathlib import Path
from typing import Any

from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.end_tokens import configured_end_ids, is_token_id
from harness.model_files.folders import TOKENIZER_CONFIG
from harness.model_files.pre_tokenizer import known_name
from harness.model_files.tokens import TokenFacts
from harness.model_files.tool_template import TOOL_TEMPLATE

TEMPLATE_FILE = "chat_template.jinja"
TEMPLATE_FOLDER = "additional_chat_templates"
MAX_TEMPLATE_BYTES = 1_000_000


def folder_tokens(folder: Path, configs: Path | None = None) -> TokenFacts:
    """Read the tokenizer's files in ``folder``.

    Args:
        folder: what holds the tokenizer.
        configs: what holds ``config.json`` and ``generation_config.json``; ``folder`` if left out.

    Raises:
        UnreadableFile: the message begins with the file's name.
    """
    config = _read(folder / TOKENIZER_CONFIG)
    tokenizer = _read(folder / "tokenizer.json")
    named = {**_read(folder / "special_tokens_map.json"), **config}
    ids, special = _vocabulary(folder, tokenizer, config)
    templates, where = _template(folder, config)
    has_bos, bos_where = _adds_bos(tokenizer, config)
    end_file, end_ids = configured_end_ids(configs or folder)
    return TokenFacts(
        ids=ids,
        special=special,
        template=templates.get("default") or None,
        tool_template=templates.get(TOOL_TEMPLATE) or None,
        named_templates=() if "default" in templates else tuple(sorted(templates)),
        template_file=where,
        eos=_text(named.get("eos_token")),
        pad=_text(named.get("pad_token")),
        bos=_text(named.get("bos_token")),
        end_ids={end_file: tuple(sorted(end_ids))} if end_ids else {},
        has_bos_added=has_bos,
        adds_bos_where=bos_where,
        special_file=TOKENIZER_CONFIG,
        pre_tokenizer=known_name(tokenizer),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_object(path)
    except UnreadableFile as error:
        raise UnreadableFile(f"{path.name}: {error}") from None


def _text(value: Any) -> str | None:
    """A special token, which older files write as an object."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) and value else None


def _vocabulary(
    folder: Path, tokenizer: dict[str, Any], config: dict[str, Any]
) -> tuple[dict[str, int], frozenset[str]]:
    model = tokenizer.get("model")
    listed = model.get("vocab") if isinstance(model, dict) else None
    if listed is None:
        listed = {**_read(folder / "vocab.json"), **_read(folder / "added_tokens.json")}
    if isinstance(listed, list):  # Unigram: pairs of text and score, the id is the place
        listed = {
            str(pair[0]): i for i, pair in enumerate(listed) if isinstance(pair, list) and pair
        }
    ids = {t: i for t, i in listed.items() if is_token_id(i)} if isinstance(listed, dict) else {}
    added = tokenizer.get("added_tokens")
    entries = [e for e in added if isinstance(e, dict)] if isinstance(added, list) else []
    decoder = config.get("added_tokens_decoder")
    if isinstance(decoder, dict):
        entries += [
            {**entry, "id": int(number)}
            for number, entry in decoder.items()
            if isinstance(entry, dict)
            and number.isascii()
            and number.isdecimal()
            and len(number) < 12
        ]
    special = set()
    for entry in entries:
        if isinstance(text := entry.get("content"), str) and is_token_id(entry.get("id")):
            ids[text] = entry["id"]
            if entry.get("special"):
                special.add(text)
    return ids, frozenset(special)


def _template(folder: Path, config: dict[str, Any]) -> tuple[dict[str, str], str]:
    """Templates by name, and where they are: those that transformers takes. Files of their own go
    before the configuration's; one that stands alone is called ``default``."""
    files = {
        path.stem: _template_text(path)
        for path in sorted((folder / TEMPLATE_FOLDER).glob("*.jinja"))
    }
    if (folder / TEMPLATE_FILE).is_file():
        files["default"] = _template_text(folder / TEMPLATE_FILE)
    if files:
        return files, TEMPLATE_FILE if "default" in files else TEMPLATE_FOLDER
    for name, found in (
        ("chat_template.json", _read(folder / "chat_template.json")),
        (TOKENIZER_CONFIG, config),
    ):
        value = found.get("chat_template")
        if isinstance(value, str):
            value = [{"name": "default", "template": value}]
        entries = [e for e in value if isinstance(e, dict)] if isinstance(value, list) else []
        named = {str(e.get("name")): e.get("template") for e in entries}
        if texts := {n: t for n, t in named.items() if isinstance(t, str) and t}:
            return texts, name
    return {}, ""


def _template_text(path: Path) -> str:
    return path.read_bytes()[:MAX_TEMPLATE_BYTES].decode("utf-8", "replace")


def _adds_bos(tokenizer: dict[str, Any], config: dict[str, Any]) -> tuple[bool, str]:
    if _begins_with_special(tokenizer.get("post_processor")):
        return True, "tokenizer.json"
    return config.get("add_bos_token") is True, TOKENIZER_CONFIG


def _begins_with_special(processor: Any) -> bool:
    if not isinstance(processor, dict):
        return False
    if isinstance(inner := processor.get("processors"), list):
        return any(_begins_with_special(p) for p in inner)
    single = processor.get("single")
    first = single[0] if isinstance(single, list) and single else None
    return isinstance(first, dict) and "SpecialToken" in first
