/** A table of answers that are values: one row for each value, one cell for each answer. */
const MAX_ROWS = 40;
const MAX_CHARACTERS = 200;
const JSON_WHOLE = /^-?[0-9]+$/;

/** Compares numbers by value, but two whole numbers by their digits, as a double does not hold all of them. */
const isEqual = (one, other) => !(JSON_WHOLE.test(one) && JSON_WHOLE.test(other)) &&
  Number(one) === Number(other) && Number.isFinite(Number(one));
const isLike = (one, other) => one === undefined || other === undefined
  ? one === other
  : one.kind === other.kind && (one.shown === other.shown || (one.kind === "number" && isEqual(one.shown, other.shown)));
const allLike = (values) => values.slice(1).every((value) => isLike(values[0], value));
const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

/**
 * The answers by key, differing keys first, with the reference in the last column where there is one.
 * Null where no answer is of its format, [name, delimiter], or there is nothing to compare it with.
 *
 * heads: for each column, the reason why it has no values, or "".
 * rows: { pointer, differs, cells: [{ value, isWrong, hasKind }] }; differs where the answers are not
 * alike or one is not the reference's, hasKind where the values of a row are of different kinds.
 * left: rows beyond MAX_ROWS. said: a summary.
 */
const keyTable = (answers, reference, format = ["json"]) => {
  const isMap = (found) => found instanceof Map;
  const expected = reference ? valuesOf(reference) : "";
  const known = isMap(expected) ? expected : null;
  const read = answers.map((text) => text === null ? "" : valuesIn(format, text, known));
  if (!read.some(isMap)) return null;
  if (known) read.push(known);
  if (read.length < 2) return null;
  const isRead = (_, i) => isMap(read[i]);
  const pointers = new Set(read.filter(isMap).flatMap((values) => [...values.keys()]));
  const rows = [...pointers].map((pointer) => {
    const values = read.map((found) => isMap(found) ? found.get(pointer) : undefined);
    const judged = values.filter(isRead);
    const hasKind = new Set(values.flatMap((value) => value ? [value.kind] : [])).size > 1;
    const cells = values.map((value, i) =>
      ({ value, hasKind, isWrong: isRead(value, i) && known !== null && !isLike(value, known.get(pointer)) }));
    const isApart = !allLike(values.slice(0, answers.length).filter(isRead));
    return { pointer, cells, isApart, differs: !allLike(judged) || judged.some((value) => value?.isTwice) };
  });
  const apart = answers.filter(isRead).length < 2 ? null : rows.filter((row) => row.isApart).length;
  const wrong = known && rows.filter(({ cells }) => cells.some(({ isWrong }) => isWrong)).length;
  const said = [
    ...(apart === null ? [] : [apart ? `${apart} differ${apart === 1 ? "s" : ""}` : answers.length > 2 ? "all alike" : "both alike"]),
    ...(wrong === null ? [] : [wrong ? `${wrong} ${wrong === 1 ? "is" : "are"} not the reference's` : "as the reference says"]),
  ].join(", ") || `only one answer is ${nameOfFormat(format[0])}`;
  return {
    heads: read.map((found) => isMap(found) ? "" : found),
    rows: [...rows.filter((row) => row.differs), ...rows.filter((row) => !row.differs)].slice(0, MAX_ROWS),
    left: Math.max(0, rows.length - MAX_ROWS),
    said: `${plural(rows.length, "value")}: ${said}`,
  };
};

const drawValue = ({ value, isWrong, hasKind }, isRead) => {
  const cell = el("td", isWrong ? "wrong" : "");
  if (isWrong) cell.append(el("span", "cross", "✗"), " ");
  if (value === undefined) { if (isRead) cell.append(el("span", "none", "missing")); return cell; }
  const characters = [...value.shown];
  cell.append(...visible(characters.length > MAX_CHARACTERS ? `${characters.slice(0, MAX_CHARACTERS).join("")}…` : value.shown));
  if (hasKind) cell.append(" ", el("span", "kind", value.kind));
  if (value.isTwice) cell.append(" ", el("span", "kind", "key stands twice"));
  return cell;
};

/** The table of one case as a fold, open where something differs; null where there is no table. */
const drawKeys = (answers, reference, headings, format) => {
  const table = keyTable(answers, reference, format);
  if (!table) return null;
  const heads = table.heads.map((head, i) => {
    const named = headings[i];
    const key = named ? [el("span", `key ${named.className}`), named.role || "answer"] : ["reference"];
    return el("th", "", ...key, ...(head ? [" ", el("span", "unread", head)] : []));
  });
  const columns = [el("th", "", "key"), ...heads];
  for (const column of columns) column.scope = "col";
  const body = table.rows.map(({ pointer, cells, differs }) => {
    const key = el("th", "", ...visible(pointer || "(whole)"));
    key.scope = "row";
    return el("tr", differs ? "differs" : "", key, ...cells.map((cell, i) => drawValue(cell, !table.heads[i])));
  });
  const place = el("div", "scroll", el("table", "", el("thead", "", el("tr", "", ...columns)), el("tbody", "", ...body)));
  Object.assign(place, { role: "group", ariaLabel: "Key by key", tabIndex: 0 });
  const box = el("details", "keys", el("summary", "", `Key by key, ${table.said}`), place,
    table.left ? el("p", "note", plural(table.left, "more value")) : "");
  box.open = table.rows.some((row) => row.differs);
  return box;
};
