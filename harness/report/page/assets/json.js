/** The values of a JSON answer. Reads RFC 8259 and nothing more lenient: a Markdown fence is not JSON. */
const MAX_DEPTH = 100;
const MAX_VALUES = 500;
const NOT_JSON = "not JSON";
const JSON_BLANK = /[ \t\n\r]*/y;
// Each part of the loop begins with a backslash, so that a string that never ends is read once, not 2^n times.
const JSON_STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const JSON_NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const JSON_WORD = /true|false|null/y;
const KINDS = { true: "boolean", false: "boolean", null: "null" };

/**
 * The values of a JSON object or array by pointer (RFC 6901), in the order of the text, or the reason
 * why there are none. A value has a kind, its text (a string's in quotes, without escapes), and isTwice
 * where its key occurs more than once: it is the last of them.
 */
const valuesOf = (text) => {
  const found = new Map();
  const stack = [];
  let at = 0;
  let why = "";
  const take = (pattern) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match?.[0];
  };
  const next = (character) => { take(JSON_BLANK); if (text[at] !== character) return false; at += 1; return true; };
  const put = (kind, shown) => {
    if (stack.length > MAX_DEPTH) why ||= "nested too deep";
    else if (found.size === MAX_VALUES) why ||= "too many values";
    if (why) return;
    const pointer = stack.map(({ key }) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
    const isTwice = found.has(pointer);
    found.set(pointer, { kind, shown, isTwice });
  };
  /** The next key of an object; false where there is none. */
  const takeKey = (top) => {
    take(JSON_BLANK);
    const key = take(JSON_STRING);
    if (key === undefined || !next(":")) return false;
    top.key = JSON.parse(key);
    return true;
  };
  take(JSON_BLANK);
  if (text[at] !== "{" && text[at] !== "[") return NOT_JSON;
  for (;;) {
    take(JSON_BLANK);
    const isObject = text[at] === "{";
    if (isObject || text[at] === "[") {
      at += 1;
      if (next(isObject ? "}" : "]")) put(isObject ? "object" : "array", isObject ? "{}" : "[]");
      else {
        const top = { isObject, key: 0 };
        stack.push(top);
        if (isObject && !takeKey(top)) return NOT_JSON;
        continue;
      }
    } else {
      const string = take(JSON_STRING);
      const number = string === undefined ? take(JSON_NUMBER) : undefined;
      const word = string === undefined && number === undefined ? take(JSON_WORD) : undefined;
      if (string !== undefined) put("string", `"${JSON.parse(string)}"`);
      else if (number !== undefined) put("number", number);
      else if (word !== undefined) put(KINDS[word], word);
      else return NOT_JSON;
    }
    while (stack.length && next(stack.at(-1).isObject ? "}" : "]")) stack.pop();
    if (!stack.length) break;
    const top = stack.at(-1);
    if (!next(",")) return NOT_JSON;
    if (!top.isObject) top.key += 1;
    else if (!takeKey(top)) return NOT_JSON;
  }
  take(JSON_BLANK);
  return at < text.length ? NOT_JSON : why || found;
};
