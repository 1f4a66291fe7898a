/** The dense table of cases: one line for each, sorted by a column, with the columns that a reader chooses. */
const LINES = 60;
const EXCERPT = 160;
const byName = new Intl.Collator("en", { numeric: true });

const excerpt = (text) => plain(text.slice(0, EXCERPT)) + (text.length > EXCERPT ? "…" : "");
/** Characters of an answer, those that the page leaves out included. */
const lengthOfAnswer = ({ texts }, answer) => answer ? lengthOf(texts[answer[0]]) + (answer[4] ?? 0) + (answer[5] ?? 0) : 0;
const codesOf = ({ names }, answer) =>
  [...new Set((answer?.[2] ?? []).filter((f) => names[f[1]] !== "skipped").map((f) => names[f[2]]))].join(", ");
/** Every state, in the order of the folds: what broke comes first. */
const STATES = data.folds.flatMap(([, states]) => states);
const MARKS = { passes: "✓", fails: "✗", error: "!", "not judged": "–" };

/**
 * The columns: { id, title, value, draw, isShown, isNumber }. `value` is what a case is sorted by and, without
 * `draw`, what its cell says; isShown, of a table as it opens.
 */
const columnsOf = (task) => {
  const { names, texts } = task;
  const roles = pair.length > 1 ? ROLES : ["answer"];
  const textOf = (row, side) => row[ANSWERS + side] ? texts[row[ANSWERS + side][0]] : "";
  const label = (side) => ({
    value: (row) => row[ANSWERS + side] ? labelOf(task, row, side)[0] : "no such case",
    draw: (row) => {
      if (!row[ANSWERS + side]) return el("span", "none", "no such case");
      const [said, tone] = labelOf(task, row, side);
      return el("span", `verdict ${tone}`, plain(said));
    },
  });
  const others = data.sides.flatMap((_, side) => pair.includes(side) ? [] : [side]);
  const judged = new Set(task.judged.flat().map((place) => names[place]));
  const behaviors = [...judged].sort((a, b) => (b === RIGHT_ANSWERS) - (a === RIGHT_ANSWERS)).map((behavior) => {
    const outcome = outcomesOf(task, behavior);
    const said = (row) => pair.map((side) => outcome(row, side));
    return {
      id: `is.${behavior}`, title: behavior, isShown: behavior === RIGHT_ANSWERS && task.behavior !== behavior,
      value: (row) => said(row).map((word) => word ?? "").join(" "),
      draw: (row) => el("span", "", ...said(row).flatMap((word, i) => [i ? " → " : "",
        el("span", `mark-of ${{ passes: "good", "not judged": "none" }[word] ?? "bad"}`, MARKS[word] ?? "", el("span", "sr", word ?? "no case"))])),
    };
  });
  return [
    { id: "change", title: pair.length > 1 ? "change" : "outcome", isShown: true, isRank: true,
      value: (row) => STATES.indexOf(task.states.get(row)), said: (row) => data.said[task.states.get(row)] ?? "" },
    ...pair.map((side, i) => ({ id: roles[i], title: roles[i], isShown: true, ...label(side) })),
    ...behaviors,
    ...others.map((side) => ({ id: `model.${side}`, title: data.sides[side].name, isShown: true, ...label(side) })),
    { id: "codes", title: "codes", isShown: false, value: (row) => codesOf(task, row[ANSWERS + pair.at(-1)]) },
    { id: "prompt", title: "prompt", isShown: true, isText: true, value: (row) => texts[row[2]].slice(0, EXCERPT), said: (row) => excerpt(texts[row[2]]) },
    ...pair.map((side, i) => ({ id: `text.${roles[i]}`, title: pair.length > 1 ? `answer ${roles[i]}` : "text", isShown: i === pair.length - 1, isText: true,
      value: (row) => textOf(row, side).slice(0, EXCERPT), said: (row) => excerpt(textOf(row, side)) })),
    { id: "length", title: "characters", isShown: false, isNumber: true, said: (row) => count(lengthOfAnswer(task, row[ANSWERS + pair.at(-1)])), value: (row) => lengthOfAnswer(task, row[ANSWERS + pair.at(-1)]) },
    ...(hasTokens ? [["mean", "mean probability"], ["least", "least probability"]].map(([id, title]) => ({ id, title, isShown: false, isNumber: true,
      value: (row) => certaintyOf(task, row, pair.at(-1))?.[id] ?? 101, said: (row) => shownCertainty(certaintyOf(task, row, pair.at(-1))?.[id]) })) : []),
    { id: "tags", title: "tags", isShown: false, value: (row) => row[4].map((tag) => names[tag]).join(", ") },
    { id: "review", title: "review", isShown: false, value: (row) => reviewOfCase(row) },
    { id: "wording", title: "wording", isShown: false, value: (row) => names[row[3]] },
  ];
};

/** The cases in the order of a column: `sort` is its id, after a hyphen for the reverse; "" keeps the run's order. */
const sorted = (rows, columns, sort) => {
  const column = columns.find(({ id }) => id === sort.replace(/^-/, ""));
  if (!column) return rows;
  const sign = sort.startsWith("-") ? -1 : 1;
  const compare = column.isNumber || column.isRank ? (a, b) => a - b : byName.compare;
  return rows.map((row) => [column.value(row), row]).sort(([a], [b]) => sign * compare(a, b)).map(([, row]) => row);
};

/** The table of a task in `box`; `changed` is called when a reader sorts it or chooses columns. */
const denseOf = (task, box, changed) => {
  let rows = [];
  let drawn = 0;
  const state = { sort: "", columns: "" };
  const caseColumn = { id: "case", title: "case", value: (row) => row[0] };
  const every = () => [caseColumn, ...columnsOf(task)];
  const isShown = ({ id, isShown: isFirst }) => id === "case" || (state.columns ? state.columns.split(" ").includes(id) : isFirst);

  const head = (column) => {
    const [is, way] = [state.sort.replace(/^-/, "") === column.id, state.sort.startsWith("-") ? "descending" : "ascending"];
    const next = !is ? column.id : way === "ascending" ? `-${column.id}` : "";
    const button = el("button", "sort", plain(column.title), is ? el("span", "way", way === "ascending" ? " ▲" : " ▼") : "");
    button.type = "button";
    button.addEventListener("click", () => {
      state.sort = next;
      changed(state);
      [...box.querySelectorAll(".sort")].find((b) => b.dataset.column === column.id)?.focus({ preventScroll: true });
    });
    button.dataset.column = column.id;
    const cell = el("th", column.isNumber ? "num" : "", button);
    cell.scope = "col";
    if (is) cell.ariaSort = way;
    return cell;
  };
  const line = (row, columns) => {
    const cells = columns.slice(1).map((column) => {
      const cell = el("td", column.isText ? "text" : column.isNumber ? "num" : "", column.draw ? column.draw(row) : plain((column.said ?? column.value)(row) ?? ""));
      return cell;
    });
    const link = el("a", "", plain(row[0]));
    link.href = addressWith(addressOfCase(task, row));
    link.dataset.case = task.order.get(row);
    const name = el("th", "", link, row[1] ? el("span", "repeat", ` repeat ${row[1]}`) : "");
    name.scope = "row";
    return el("tr", "", name, ...cells);
  };
  const drawLines = (columns) => {
    const body = box.querySelector("tbody");
    const next = rows.slice(drawn, drawn + LINES).map((row) => line(row, columns));
    drawn += next.length;
    body.append(...next);
    box.querySelector(".more")?.remove();
    if (drawn < rows.length) box.append(moreButton(LINES, rows.length - drawn, () => drawLines(columns)));
    return next[0];
  };
  const chooser = (columns) => {
    const fields = columns.slice(1).map((column) => {
      const tick = el("input");
      Object.assign(tick, { type: "checkbox", checked: isShown(column), value: column.id });
      return el("label", "", tick, " ", plain(column.title));
    });
    const fold = el("details", "columns", el("summary", "", "Columns"), el("div", "", ...fields));
    fold.addEventListener("change", (event) => {
      state.columns = [...fold.querySelectorAll(":checked")].map((tick) => tick.value).join(" ") || "case";
      changed(state);
      const again = box.querySelector(".columns");
      again.open = true;
      [...again.querySelectorAll("input")].find((tick) => tick.value === event.target.value)?.focus({ preventScroll: true });
    });
    return fold;
  };
  /** Draws the table of these cases. */
  const show = (found) => {
    const columns = every();
    const shown = columns.filter(isShown);
    rows = sorted(found, columns, state.sort);
    drawn = 0;
    const table = el("table", "", el("thead", "", el("tr", "", ...shown.map(head))), el("tbody"));
    const place = el("div", "scroll", table);
    Object.assign(place, { role: "region", ariaLabel: `Table of the cases of ${plain(task.name)}`, tabIndex: 0 });
    box.replaceChildren(chooser(columns), place);
    if (!rows.length) box.append(el("p", "note", "None."));
    drawLines(shown);
  };
  /** Draws the lines anew where they show what a review has changed. */
  const renew = () => {
    const shown = every().filter(isShown);
    if (!shown.some(({ id }) => id === "review")) return;
    box.querySelector("tbody").replaceChildren(...rows.slice(0, drawn).map((row) => line(row, shown)));
  };
  return { show, renew, state, rows: () => rows };
};
