/** Answers that are JSON, key by key, as harness/report/page/key_rows.py reads them. */
const MOST_DEPTH = 100;
const MOST_ROWS = 40;
const MOST_VALUES = 500;
const MOST_CHARACTERS = 200;
const JSON_BLANK = /[ \t\n\r]*/y;
// A loop whose parts begin with a backslash: a string that never ends is read once, not 2^n times.
const JSON_STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const JSON_NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const JSON_WHOLE = /^-?[0-9]+$/;
const JSON_WORD = /true|false|null/y;
const KINDS = { true: "boolean", false: "boolean", null: "null" };

/** The values of a JSON object or array by pointer, or in words why there are none. */
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
    if (stack.length > MOST_DEPTH) why ||= "nested too deep";
    else if (found.size === MOST_VALUES) why ||= "too many values";
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
  if (text[at] !== "{" && text[at] !== "[") return "not JSON";
  for (;;) {
    take(JSON_BLANK);
    const isObject = text[at] === "{";
    if (isObject || text[at] === "[") {
      at += 1;
      if (next(isObject ? "}" : "]")) put(isObject ? "object" : "array", isObject ? "{}" : "[]");
      else {
        const top = { isObject, key: 0 };
        stack.push(top);
        if (isObject && !takeKey(top)) return "not JSON";
        continue;
      }
    } else {
      const string = take(JSON_STRING);
      const number = string === undefined ? take(JSON_NUMBER) : undefined;
      const word = string === undefined && number === undefined ? take(JSON_WORD) : undefined;
      if (string !== undefined) put("string", `"${JSON.parse(string)}"`);
      else if (number !== undefined) put("number", number);
      else if (word !== undefined) put(KINDS[word], word);
      else return "not JSON";
    }
    while (stack.length && next(stack.at(-1).isObject ? "}" : "]")) stack.pop();
    if (!stack.length) break;
    const top = stack.at(-1);
    if (!next(",")) return "not JSON";
    if (!top.isObject) top.key += 1;
    else if (!takeKey(top)) return "not JSON";
  }
  take(JSON_BLANK);
  return at < text.length ? "not JSON" : why || found;
};

/** Two numbers that are written otherwise, as doubles; two whole numbers by their digits. */
const isEqual = (one, other) => !(JSON_WHOLE.test(one) && JSON_WHOLE.test(other)) &&
  Number(one) === Number(other) && Number.isFinite(Number(one));
const isLike = (one, other) => one === undefined || other === undefined
  ? one === other
  : one.kind === other.kind && (one.shown === other.shown || (one.kind === "number" && isEqual(one.shown, other.shown)));

const allLike = (values) => values.slice(1).every((value) => isLike(values[0], value));

const valueCell = (value, isWrong, hasKind, isRead) => {
  const cell = el("td", isWrong ? "wrong" : "");
  if (isWrong) cell.append(el("span", "cross", "✗"), " ");
  if (value === undefined) { if (isRead) cell.append(el("span", "none", "missing")); return cell; }
  const characters = [...value.shown];
  cell.append(...visible(characters.length > MOST_CHARACTERS ? `${characters.slice(0, MOST_CHARACTERS).join("")}…` : value.shown));
  if (hasKind) cell.append(" ", el("span", "kind", value.kind));
  if (value.isTwice) cell.append(" ", el("span", "kind", "key stands twice"));
  return cell;
};

/** The table of one case; null where no answer is JSON or there is nothing to compare it with. */
const drawKeys = (answers, reference, headings) => {
  const read = answers.map((text) => text === null ? "" : valuesOf(text));
  if (!read.some((found) => found instanceof Map)) return null;
  const expected = reference ? valuesOf(reference) : "";
  const known = expected instanceof Map ? expected : null;
  if (known) read.push(known);
  if (read.length < 2) return null;
  const pointers = new Set(read.flatMap((found) => found instanceof Map ? [...found.keys()] : []));
  const rows = [...pointers].map((pointer) => {
    const values = read.map((found) => found instanceof Map ? found.get(pointer) : undefined);
    const judged = values.filter((_, i) => read[i] instanceof Map);
    const differs = !allLike(judged) || judged.some((value) => value?.isTwice);
    return { pointer, values, differs };
  });
  const ordered = [...rows.filter((row) => row.differs), ...rows.filter((row) => !row.differs)];
  const body = ordered.slice(0, MOST_ROWS).map(({ pointer, values, differs }) => {
    const hasKind = new Set(values.flatMap((value) => value ? [value.kind] : [])).size > 1;
    const key = el("th", "", ...visible(pointer || "(whole)"));
    key.scope = "row";
    const cells = values.map((value, i) => {
      const isRead = read[i] instanceof Map;
      return valueCell(value, isRead && known !== null && !isLike(value, known.get(pointer)), hasKind, isRead);
    });
    return el("tr", differs ? "differs" : "", key, ...cells);
  });
  const heads = [el("th", "", "key"), ...read.map((found, i) => {
    const heading = headings[i];
    const head = heading ? el("th", "", el("span", `key ${heading.className}`), heading.role || "answer") : el("th", "", "reference");
    if (typeof found === "string" && found) head.append(" ", el("span", "unread", found));
    return head;
  })];
  for (const head of heads) head.scope = "col";
  const isRead = (_, i) => read[i] instanceof Map;
  const apart = answers.filter(isRead).length < 2 ? null
    : rows.filter(({ values }) => !allLike(values.slice(0, answers.length).filter(isRead))).length;
  const wrong = known && rows.filter(({ pointer, values }) =>
    values.filter(isRead).some((value) => !isLike(value, known.get(pointer)))).length;
  const said = [
    ...(apart === null ? [] : [apart ? `${apart} differ${apart === 1 ? "s" : ""}` : "both alike"]),
    ...(wrong === null ? [] : [wrong ? `${wrong} ${wrong === 1 ? "is" : "are"} not the reference's` : "as the reference says"]),
  ];
  const total = `${count(rows.length)} value${rows.length === 1 ? "" : "s"}: ${said.join(", ") || "only one answer is JSON"}`;
  const table = el("table", "", el("thead", "", el("tr", "", ...heads)), el("tbody", "", ...body));
  const place = el("div", "scroll", table);
  Object.assign(place, { role: "group", ariaLabel: "Key by key", tabIndex: 0 });
  const left = rows.length - MOST_ROWS;
  const box = el("details", "keys", el("summary", "", `Key by key, ${total}`), place,
    left > 0 ? el("p", "note", `${count(left)} more value${left === 1 ? "" : "s"}`) : "");
  box.open = rows.some((row) => row.differs);
  return box;
};
