/** The values of answers in JSON Lines and CSV, by pointer as those of JSON: an item of the list is a line or a row. */
const FORMAT_NAMES = { jsonl: "JSON Lines", csv: "CSV" };
const nameOfFormat = (format) => FORMAT_NAMES[format] ?? "JSON";
const LINE_END = /\r\n|\n|\r/y;
const NUMBER_ALONE = new RegExp(`^(?:${JSON_NUMBER.source})$`);

/** As valuesOf; only what a line holds by itself is read. */
const valuesOfLines = (text) => {
  const found = new Map();
  let line = 0;
  for (let at = 0; at <= text.length;) {
    const end = text.indexOf("\n", at);
    const stop = end < 0 ? text.length : end;
    const value = text.slice(at, stop);
    at = stop + 1;
    if (!/[^ \t\r]/.test(value)) continue;
    // In brackets a line with several values, or with a comma behind it, has another item or is no list.
    const values = valuesOf(`[${value}]`);
    if (!(values instanceof Map)) return values === NOT_JSON ? "not JSON Lines" : values;
    for (const [pointer, inside] of values) {
      if (!/^\/0(?:\/|$)/.test(pointer)) return "not JSON Lines";
      if (found.size === MAX_VALUES) return "too many values";
      found.set(`/${line}${pointer.slice(2)}`, inside);
    }
    line += 1;
  }
  return line ? found : "not JSON Lines";
};

/** The rows of cells, null where the text is no table, or "too many values" where they are more than is shown. */
const rowsOf = (text, delimiter) => {
  const blank = new RegExp(`[ \\n\\r${delimiter === "\t" ? "" : "\\t"}]`);
  let at = 0, end = text.length, cells = 0;
  while (at < end && blank.test(text[at])) at += 1;
  while (end > at && blank.test(text[end - 1])) end -= 1;
  const body = text.slice(at, end);
  const cell = new RegExp(`"([^"]*(?:""[^"]*)*)"|([^"\\r\\n${delimiter.replace(/[\\\]^-]/, "\\$&")}]*)`, "y");
  const rows = [];
  for (at = 0, end = body.length; at < end;) {
    if (cells > 2 * MAX_VALUES) return "too many values";
    const row = [];
    for (;;) {
      cell.lastIndex = at;
      const [whole, quoted, plain] = cell.exec(body);
      row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
      at += whole.length;
      cells += 1;
      if (body[at] !== delimiter) break;
      at += 1;
    }
    if (at < end) {
      LINE_END.lastIndex = at;
      const found = LINE_END.exec(body);
      if (!found) return null;
      at += found[0].length;
    }
    if (row.length > 1 || /[^ \t]/.test(row[0])) rows.push(row);
  }
  return rows;
};

/** The kinds of the reference's values, by the name of their column. */
const kindsOfColumns = (known) => {
  const kinds = new Map();
  for (const [pointer, { kind }] of known ?? []) {
    const name = pointer.replace(/^\/[0-9]+/, "");
    kinds.set(name, (kinds.get(name) ?? new Set()).add(kind));
  }
  return kinds;
};

/** A cell is text unless the reference's column holds values that are none. */
const valueOfCell = (text, kinds) => {
  if (!kinds.has("string") && kinds.has("number") && NUMBER_ALONE.test(text)) return { kind: "number", shown: text };
  if (!kinds.has("string") && kinds.has("boolean") && /^(?:true|false)$/.test(text)) return { kind: "boolean", shown: text };
  return text === "" && kinds.has("null") ? { kind: "null", shown: "null" } : { kind: "string", shown: `"${text}"` };
};

const valuesOfTable = (text, delimiter, known) => {
  const rows = rowsOf(text, delimiter);
  if (typeof rows === "string") return rows;
  const kinds = kindsOfColumns(known);
  const pointers = rows?.[0]?.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`) ?? [];
  const isTable = pointers.length && rows.every((row) => row.length === pointers.length);
  if (!isTable || (kinds.size ? !pointers.some((name) => kinds.has(name)) : pointers.length < 2)) return "not CSV";
  if ((rows.length - 1) * pointers.length > MAX_VALUES) return "too many values";
  const found = new Map();
  for (const [i, row] of rows.slice(1).entries()) {
    for (const [j, name] of pointers.entries()) {
      const pointer = `/${i}${name}`;
      found.set(pointer, { ...valueOfCell(row[j], kinds.get(name) ?? new Set()), isTwice: found.has(pointer) });
    }
  }
  return rows.length > 1 ? found : found.set("", { kind: "array", shown: "[]", isTwice: false });
};

/** The values of an answer in a format, see valuesOf; known: those of the reference, or null. */
const valuesIn = ([format, delimiter], text, known) =>
  format === "jsonl" ? valuesOfLines(text) : format === "csv" ? valuesOfTable(text, delimiter, known) : valuesOf(text);
