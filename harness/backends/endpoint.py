"""``endpoint:URL[,URL...]#NAME``: a model behind HTTP servers that speak OpenAI's protocol.

``URL`` is a server's base URL, such as ``http://localhost:8000/v1``, and ``NAME`` the model's name
there. ``+api=completions`` sends text prompts in place of conversations, ``+tokenizer=FOLDER``
names the folder whose chat template the server must render, ``+schema=FILE`` the JSON schema that
every answer is held to, and ``+schema_by=`` the field that carries it.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.case import JsonValue
from harness.core.errors import HarnessError
from harness.core.extras import require
from harness.core.modelref import ModelRef
from harness.core.plan import sha256_of
from harness.core.record import ModelRecord
from harness.engine.local import LocalModel
from harness.engine.model import AnsweringModel, EngineSettings, OpenModel
from harness.engine.served.address import OPTIONS, address_of, api_of, schema_by
from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.fingerprint import sha256_of_file
from harness.model_files.folder_tokens import folder_tokens
from harness.model_files.folders import check_options
from harness.model_files.tokens import TokenFacts

if TYPE_CHECKING:
    from harness.engine.served.protocol import Protocol

IS_SERVED = True


def preflight(ref: ModelRef, settings: EngineSettings) -> None:
    try:
        address_of(ref.location)
    except HarnessError as error:  # Without the ref, which may hold a password.
        raise HarnessError(*(f"--model endpoint: {m}" for m in error.mistakes)) from None
    check_options(ref, *OPTIONS)
    _check_settings(ref, settings)
    if not address_of(ref.location).urls and address_of(ref.location).name is None:
        raise HarnessError(f"--model {ref}: add the model's name after #")
    require(f"--model {ref}", "httpx2")
    try:
        api_of(ref), schema_by(ref), _schema(ref), _tokens(ref)
    except HarnessError as error:
        raise HarnessError(*(f"--model {ref}: {m}" for m in error.mistakes)) from None


def connect(ref: ModelRef, settings: EngineSettings) -> AnsweringModel:
    """A served model, which is asked from this process, or whose answers are in a file."""
    from harness.engine.served.model import ServedModel

    if settings.answers is not None:
        return LocalModel(ref, partial(_answered, ref, Path(settings.answers)))
    return ServedModel(ref, address_of(ref.location), protocol_of(ref), _record(ref), settings)


def protocol_of(ref: ModelRef) -> "Protocol":
    """The way in which the model is asked; its name is empty where the ref has none."""
    from harness.engine.served.protocol import Protocol
    from harness.model_files.chat_template import ChatTemplate

    name, tokens, template = address_of(ref.location).name or "", _tokens(ref), None
    if tokens is not None and tokens.template is not None:
        template = ChatTemplate(tokens.template, _special(tokens))
    return Protocol(name, api_of(ref), _schema(ref), schema_by(ref), template)


def _answered(ref: ModelRef, answers: Path) -> OpenModel:
    from harness.engine.served.batch import BatchAnswers

    if not answers.is_file():
        raise HarnessError(f"--answers {answers}: is not there, name the batch's output")
    if address_of(ref.location).name is None:
        raise HarnessError(f"--answers {answers}: add the model's name after # of --model")
    record = _record(ref)
    files = {**record.files, answers.name: sha256_of_file(answers)}
    record = replace(record, files=files, is_measurable=False)
    return BatchAnswers(answers, protocol_of(ref), record)


def open_model(ref: ModelRef, settings: EngineSettings) -> OpenModel:
    raise HarnessError(
        "a served model has no tokenizer and no logits to compare, name the model's own files"
    )


def _check_settings(ref: ModelRef, settings: EngineSettings) -> None:
    if settings.ray is not None:
        raise HarnessError(
            f"--model {ref}: --engine ray is for models that are opened, leave it out; several "
            "servers are named with a comma between their URLs"
        )
    for name in ("dtype", "device", "quantize", "batch_tokens", "threads"):
        if getattr(settings, name) is not None:
            option = name.replace("_", "-")
            raise HarnessError(
                f"--model {ref}: --{option} is decided where its server is started, leave it out"
            )


def _record(ref: ModelRef) -> ModelRecord:
    """The facts that are known before a server is asked, none of them about the weights."""
    address, schema, tokens = address_of(ref.location), ref.option("schema"), _tokens(ref)
    record = ModelRecord(str(ref), ref.kind, address.name or ref.name, is_served=True)
    if schema is not None:
        record = replace(record, files={Path(schema).name: sha256_of_file(Path(schema))})
    if tokens is not None:
        record = replace(record, chat_template_sha256=sha256_of(tokens.template))
    return record


def _schema(ref: ModelRef) -> JsonValue:
    path = ref.option("schema")
    if path is None:
        if ref.option("schema_by") is not None:
            raise HarnessError("+schema_by= says how a schema is sent, add +schema=FILE")
        return None
    if not Path(path).is_file():
        raise HarnessError(f"+schema={path} is not there, name a file with a JSON schema")
    try:
        return read_object(Path(path))
    except UnreadableFile as error:
        raise HarnessError(f"+schema={path} {error}") from None


def _tokens(ref: ModelRef) -> TokenFacts | None:
    """The tokens of ``+tokenizer=FOLDER``."""
    folder = ref.option("tokenizer")
    if folder is None:
        return None
    try:
        tokens = folder_tokens(Path(folder))
    except UnreadableFile as error:
        raise HarnessError(f"+tokenizer={folder}: {error}") from None
    if tokens.template is None:
        raise HarnessError(f"+tokenizer={folder} has no chat template, name the model's own folder")
    return tokens


def _special(tokens: TokenFacts) -> dict[str, str]:
    named = {"bos_token": tokens.bos, "eos_token": tokens.eos, "pad_token": tokens.pad}
    return {name: text for name, text in named.items() if text is not None}
