"""Texts on which tokenizers disagree: blanks, digits, marks, scripts, and what looks special."""

HOSTILE = (
    "",
    " ",
    "a",
    "Hello  world\r\n\r\n\tfoo   bar",
    "\n\n\n",
    "\r\r\n \r",
    "   leading",
    "trailing   ",
    "x" * 50 + " " * 40 + "y",
    "it's I'LL we'Ve 'S 'd'D they're",
    "123456789 1 22 333 4,444.55",
    "Ⅷ ½ ² ٣ १२३",
    "😀👩‍👩‍👧‍👦🇩🇪 ✨️",
    "漢字かな交じり文 한국어 中文字符",
    "ไทย हिन्दी עברית العربية",
    "naïve café \u00e9",
    "\u0301\u0302combining",
    "İstanbul ß ẞ \u017f ﬁ ǅ ʰ ª",
    "a\u00a0b\u2003c\u200bd\u0085\u2028\u2029 x",
    "\x01\x7f\x1b[31m",
    "\ud7ff\ue000\U0010ffff",
    '{"a": [1, 2]}```json\n',
    "<|im_start|>user\nhi<|im_end|>\n",
    "<|im_end|><|im_end|>x<|endoftext|>",
    "<s> x </s><unk>",
    "for i in range(10):\n    print(i)\n",
)
DECOMPOSED = "naïve cafe\u0301"
"""Not in NFC form."""
