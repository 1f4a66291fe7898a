"""The table of the marks between which model families write reasoning and tool calls.

Rows are regular expressions that ignore case. At one place the first row that fits counts, so that
a row with more in its names stands above the row of names in angle brackets.
"""

from typing import NamedTuple


class Wrapper(NamedTuple):
    """The marks of one way to wrap reasoning or tool calls."""

    opening: str
    closing: str = ""
    """Closes a block, also one that the prompt opened."""
    ending: str = ""
    """Closes a block that the text itself opened, and means nothing elsewhere."""
    is_tool: bool = False
    is_phrase: bool = False
    """The marks are words, in no brackets."""


_THOUGHT = "(?:think(?:ing)?|thoughts?|reason(?:ing)?)"
_NAME = (
    r"(?:[a-z]{1,12}[:_]|ant)?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflect(?:ion)?|rationale"
    r"|scratch_?pad|cot|chain_of_thought|analysis|monologue|deliberation)(?::[a-z_]{1,24})?"
)
_FINAL = r"<\|channel\|>final[^<\n]{0,80}(?:<\|constrain\|>[^<\n]{0,20})?<\|message\|>"
_ROLE = r"(?:<\|start\|>assistant[^<\n]{0,80})?"
_CALL = r"(?:[a-z]{1,12}[:_])?(?:tool|function)_?(?:call|response|result|output)s?"

TABLE = (
    # Cohere Command, Sky-T1, OpenThinker
    Wrapper(
        rf"<\|?(?:begin|start)_(?:of_)?{_THOUGHT}\|?>",
        rf"<\|?end_(?:of_)?{_THOUGHT}\|?>(?:\s{{0,4}}<\|(?:start_response|begin_of_solution)\|>)?",
    ),
    Wrapper(rf"<\|?{_THOUGHT}_(?:begin|start)\|?>", rf"<\|?{_THOUGHT}_end\|?>"),
    # Solar
    Wrapper(
        r"<\|think\|>", r"</\|think\|>|<\|/think\|>|<\|begin\|>assistant<\|content\|>", r"<\|end\|>"
    ),
    # DeepSeek, Qwen, GLM, EXAONE, Seed, LongCat, Hermes and most others
    Wrapper(rf"<\|?{_NAME}\|?(?:\s[^<>\n/]{{0,80}})?>", rf"<\|?/\|?{_NAME}\s{{0,4}}\|?>"),
    # Mistral
    Wrapper(r"\[(?:think|thinking|reasoning)\]", r"\[/(?:think|thinking|reasoning)\]"),
    # Kimi
    Wrapper("\u25c1think\u25b7", "\u25c1/think\u25b7"),
    Wrapper(r"<\|open\|>think<\|sep\|>", r"<\|close\|>think<\|sep\|>"),
    # Apertus
    Wrapper(r"<\|inner_prefix\|>", r"<\|inner_suffix\|>"),
    # Gemma, MedGemma
    Wrapper(r"<\|channel>(?:thought)?", r"<channel\|>"),
    Wrapper(r"<(?:unused|ctrl)94>(?:thought)?", "<(?:unused|ctrl)95>"),
    # HyperCLOVA, s1
    Wrapper(
        r"<\|im_start\|>(?:assistant/)?think(?:ing)?\b",
        r"<\|im_start\|>answer\b",
        r"<\|im_start\|>assistant\b(?!/)",
    ),
    # GPT-OSS: harmony with its special tokens, and without them
    Wrapper(
        rf"{_ROLE}<\|channel\|>analysis[^<\n]{{0,80}}<\|message\|>",
        rf"(?:<\|end\|>)?{_ROLE}{_FINAL}",
        r"<\|end\|>|<\|call\|>",
    ),
    Wrapper(r"\Aanalysis(?-i:(?=[A-Z0-9\"'{<\[(]))", "assistantfinal", is_phrase=True),
    # Granite, Ollama
    Wrapper(
        r"\A\s*+\**+Here(?:'s| is) my thought process:",
        "",
        r"Here(?:'s| is) my response:\**+",
        is_phrase=True,
    ),
    Wrapper(r"\A\s*+Thinking\.\.\.\n", r"\.\.\.done thinking\.", is_phrase=True),
    # Tool calls: FunctionGemma, most families, Qwen Coder and Llama, DeepSeek
    Wrapper("<start_function_call>", "<end_function_call>", is_tool=True),
    Wrapper(rf"<{_CALL}>", rf"</{_CALL}>", is_tool=True),
    Wrapper(r"<function=[^<>\n]{1,80}>", "</function>", is_tool=True),
    Wrapper(
        "<\uff5c(?:dsml\uff5c)?(?:tool|function)[\u2581_]calls(?:[\u2581_]begin)?\uff5c?>",
        "<\uff5ctool[\u2581_]calls[\u2581_]end\uff5c>|</\uff5cdsml\uff5cfunction_calls>",
        is_tool=True,
    ),
    # Phi, Kimi, LFM, Gemma
    Wrapper(
        r"<\|tool_calls?(?:_section)?(?:_begin|_start)?\|?>",
        r"<\|/tool_calls?\|>|<\|tool_calls?(?:_section)?_end\|>|<tool_call\|>",
        is_tool=True,
    ),
    # Cohere, InternLM, Apertus
    Wrapper(r"<\|start_action\|>", r"<\|end_action\|>", is_tool=True),
    Wrapper(r"<\|action_start\|>", r"<\|action_end\|>", is_tool=True),
    Wrapper(r"<\|tools_prefix\|>", r"<\|tools_suffix\|>", is_tool=True),
    # Llama, Mistral, GPT-OSS
    Wrapper(r"<\|python_tag\|>", "", r"<\|eom_id\|>|<\|eot_id\|>", is_tool=True),
    Wrapper(r"\[tool_calls\]", "", "</s>", is_tool=True),
    Wrapper(
        rf"{_ROLE}<\|channel\|>commentary[^<\n]{{0,120}}(?:<\|constrain\|>[^<\n]{{0,20}})?<\|message\|>",
        "",
        r"<\|call\|>|<\|end\|>",
        is_tool=True,
    ),
)
