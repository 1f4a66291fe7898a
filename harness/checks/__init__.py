"""The reusable judgements that behaviors call: one property of a completion per file.

A check is a small frozen value whose ``judge`` takes a case and a completion and answers with a
Verdict. It sees the raw text, it runs in time linear in it, and it looks at no other completion.
"""
