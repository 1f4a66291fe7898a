"""Texts with which a model may try to break out of a report, whatever its format."""

HOSTILE = (
    "<script>window.owned = 1</script>",
    "</script><script>window.owned = 1</script>",
    "</pre></details></summary><img src=x onerror=owned()>",
    "<a href='javascript:owned()'>x</a> [x](javascript:owned()) www.example.com https://example.com",
    "\u202egnp.exe\u202c \u2066\u200b",
    "\x00\x01\x1b[2J\x7f\x85\x9b\x0b",
    "\ud800 \udfff \udc00\ud800",
    "\u2028\u2029\ufeff\ufffe\uffff\U0001fffe",
    "a\n::error file=x,line=1::owned\n  ::warning::owned\n::stop-commands::x\n##[error]owned",
    "%0A::error::owned",
    "| a | b |\n|---|---|\n| x | y |\n",
    "`code` ```\n```\n# title\n- item\n*bold* _em_ __x__ ~~gone~~ @everyone #1 GH-1 \\",
    "]]> <![CDATA[ <!-- --> &lt; &#60; &quot;",
    '"\'><testcase name="x"/>',
)
EVERYTHING = " ".join(HOSTILE)
