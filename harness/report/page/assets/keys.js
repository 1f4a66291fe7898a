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

/** The values of an answer at the places of the reference's items; own is the pointer in the answer itself. */
const laidOut = (values, moved) => {
  if (!(values instanceof Map) || !moved?.length) return values;
  const places = new Map(moved.map(([pointer, order]) => [pointer, new Map(order.map((index, place) => [index, place]))]));
  const laid = new Map();
  for (const [own, value] of values) {
    let pointer = "";
    for (const step of own.split("/").slice(1)) pointer += `/${places.get(pointer)?.get(Number(step)) ?? step}`;
    laid.set(pointer, pointer === own ? value : { ...value, own });
  }
  return laid;
};
/** The pointer, or one around it, is among these. */
const isWithin = (pointer, found) => {
  for (let end = pointer.length; end >= 0; end = end ? pointer.lastIndexOf("/", end - 1) : -1)
    if (found.has(pointer.slice(0, end))) return true;
  return false;
};

/** Rules or other references decide what is equal in this case, for any model's answer. */
const isRuled = (row) => row.slice(ANSWERS).some((answer) => answer?.[9]);

/** The rulings of a case: for each answer its comparison by the task's rules, or null. */
const rulingsOf = (task, answers) => answers.map((answer) => {
  if (!answer?.[9]) return null;
  const [reference, number, moved, wrong] = answer[9];
  return { reference: task.texts[reference], number, moved, wrong };
});

/** The references that answers are compared with, each once: { text, name, known }, known where its values could be read. */
const referencesOf = (reference, rulings) => {
  const ruled = rulings.filter(Boolean).map(({ reference: text, number }) => [text, number ? `reference ${number}` : "reference"]);
  const found = new Map(ruled.length || !reference ? ruled : [[reference, "reference"]]);
  return [...found].map(([text, name]) => ({ text, name, known: valuesOf(text) })).filter(({ known }) => known instanceof Map);
};

/**
 * The answers by key, differing keys first, with the references in the last columns where there are some.
 * Null where no answer is of its format, [name, delimiter], or there is nothing to compare it with.
 *
 * rulings: for each answer, where rules or other references decide what is equal, the reference that it is
 * held against, the pointers of what differs, and the places of items: else answers are compared exactly.
 * heads: for each column, the reason why it has no values, or "". names: of the references.
 * rows: { pointer, differs, cells: [{ value, isWrong, hasKind }] }; differs where the answers are not
 * alike or one is not the reference's, hasKind where the values of a row are of different kinds.
 * left: rows beyond MAX_ROWS. said: a summary.
 */
const keyTable = (answers, reference, format = ["json"], rulings = []) => {
  const isMap = (found) => found instanceof Map;
  const hasRulings = rulings.some(Boolean);
  const references = referencesOf(reference, rulings);
  const knownOf = answers.map((_, i) => references.find(({ text }) => !hasRulings || text === rulings[i]?.reference)?.known ?? null);
  const differing = rulings.map((ruling) => new Set(ruling?.wrong ?? []));
  const read = answers.map((text, i) => text === null ? "" : laidOut(valuesIn(format, text, knownOf[i]), rulings[i]?.moved));
  if (!read.some(isMap)) return null;
  read.push(...references.map(({ known }) => known));
  if (read.length < 2) return null;
  const isRead = (_, i) => isMap(read[i]);
  const isJudged = (i) => i < answers.length && isMap(read[i]) && knownOf[i] !== null;
  const isOther = (i, pointer, value) => hasRulings
    ? Boolean(value || knownOf[i].has(pointer)) && isWithin(pointer, differing[i])
    : !isLike(value, knownOf[i].get(pointer));
  const isOneReference = references.length === 1 && answers.every((_, i) => !isMap(read[i]) || knownOf[i]);
  // Items stand at the places of the reference's, so that its order is the one to read them in.
  const ordered = hasRulings ? [...read.slice(answers.length), ...read] : read;
  const pointers = new Set(ordered.filter(isMap).flatMap((values) => [...values.keys()]));
  const rows = [...pointers].map((pointer) => {
    const values = read.map((found) => isMap(found) ? found.get(pointer) : undefined);
    const judged = values.filter(isRead);
    const hasKind = new Set(values.flatMap((value) => value ? [value.kind] : [])).size > 1;
    const cells = values.map((value, i) => ({ value, hasKind, isWrong: isJudged(i) && isOther(i, pointer, value) }));
    const isWrong = cells.some((cell) => cell.isWrong);
    const isAccepted = hasRulings && isOneReference && !isWrong;
    const isApart = !isAccepted && !allLike(values.slice(0, answers.length).filter(isRead));
    const isUnlike = hasRulings ? isApart || isWrong : !allLike(judged);
    return { pointer, cells, isApart, differs: isUnlike || judged.some((value) => value?.isTwice) };
  });
  const apart = answers.filter(isRead).length < 2 ? null : rows.filter((row) => row.isApart).length;
  const isKnown = answers.some((_, i) => isJudged(i));
  const wrong = isKnown ? rows.filter(({ cells }) => cells.some(({ isWrong }) => isWrong)).length : null;
  const open = hasRulings ? answers.filter((_, i) => isMap(read[i]) && !knownOf[i]).length : 0;
  const said = [
    ...(apart === null ? [] : [apart ? `${apart} differ${apart === 1 ? "s" : ""}` : answers.length > 2 ? "all alike" : "both alike"]),
    ...(wrong === null ? [] : [wrong ? `${wrong} ${wrong === 1 ? "is" : "are"} not the reference's` : "as the reference says"]),
    ...(open ? [`${plural(open, "answer")} could not be compared with it`] : []),
  ].join(", ") || `only one answer is ${nameOfFormat(format[0])}`;
  return {
    heads: read.map((found) => isMap(found) ? "" : found),
    names: references.map(({ name }) => name),
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
  if (value.own) cell.append(" ", el("span", "kind", "at ", ...visible(value.own)));
  if (value.isTwice) cell.append(" ", el("span", "kind", "key stands twice"));
  return cell;
};

/** The table of one case as a fold, open where something differs; null where there is no table. */
const drawKeys = (answers, reference, headings, format, rulings) => {
  const table = keyTable(answers, reference, format, rulings);
  if (!table) return null;
  const heads = table.heads.map((head, i) => {
    const named = headings[i];
    const key = named ? [el("span", `key ${named.className}`), named.role || "answer"] : [table.names[i - headings.length]];
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
