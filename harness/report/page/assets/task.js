/** The section of one task: its filter, its folds or its table, one case alone, and their state in the address. */
const TYPING = 20;
const FIELDS = ["text", "cause", "code", "behavior", "change", "side", "tag", "wording", "reviewed"];

/** Fills the lists of the filter with what the cases have. */
const fillLists = (task, form, buttons) => {
  const { names } = task;
  const used = { code: new Set(), behavior: new Set(), tag: new Set(), wording: new Set() };
  for (const row of task.cases) {
    for (const tag of row[4]) used.tag.add(names[tag]);
    if (names[row[3]]) used.wording.add(names[row[3]]);
    for (const answer of row.slice(ANSWERS)) for (const finding of answer?.[2] ?? []) used.code.add(names[finding[2]]);
  }
  for (const place of task.judged.flat()) used.behavior.add(names[place]);
  for (const button of buttons) if (button.dataset.behavior) used.behavior.add(button.dataset.behavior);
  const rank = (name) => name === COMPOSITE ? 0 : name === RIGHT_ANSWERS ? 1 : 2;
  for (const [name, values] of Object.entries(used)) {
    const select = form.elements[name];
    for (const value of [...values].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))) {
      const option = el("option", "", plain(value));
      option.value = value;
      select.append(option);
    }
    if (!values.size) select.closest("label").hidden = true;
  }
  task.causes = new Map(task.causes.map(([key, places]) => [key, new Set(places.map((place) => task.cases[place]))]));
  for (const [key, cases] of task.causes) form.elements.cause.append(Object.assign(el("option", "", `${plain(key)} (${count(cases.size)})`), { value: key }));
  if (pair.length < 2) form.elements.side.closest("label").hidden = true;
};

/** `leaveOthers` tells the other sections that the address is about this task. */
const setUp = (task, index, leaveOthers) => {
  if (!task.cases.length) return null;
  const { texts } = task;
  const within = (selector) =>
    [...document.querySelectorAll(selector)].filter((n) => n.dataset.task === String(index));
  const [form] = within(".filter");
  const [views] = within(".views");
  const [list] = within(".folds");
  const [tableBox] = within(".dense");
  const lowered = new Map();
  const lower = (place) => {
    if (!lowered.has(place)) lowered.set(place, texts[place].toLowerCase());
    return lowered.get(place);
  };
  let isTable = false;
  let shown = task.cases;
  let alone = null;
  let absent = "";

  const wantedOf = () => {
    const fields = new FormData(form);
    const wanted = Object.fromEntries(FIELDS.map((name) => [name, fields.get(name) ?? ""]));
    return { ...wanted, text: wanted.text.trim().toLowerCase() };
  };
  const follow = () => {
    // Causes are those of the pair that the page opens with.
    const hasCauses = pair.join() === data.pair.join() && task.causes.size > 0;
    form.elements.cause.closest("label").hidden = !hasCauses;
    if (!hasCauses) form.elements.cause.value = "";
    const { behavior } = wantedOf();
    if (task.statesBy?.behavior !== behavior || task.statesBy.pair !== pair) {
      task.behavior = behavior;
      task.statesBy = { behavior, pair };
      task.states = statesOf(task, behavior);
    }
  };
  const remembered = (isStep = false) => {
    const wanted = wantedOf();
    const view = { view: isTable ? "table" : "", sort: isTable ? dense.state.sort : "", columns: isTable ? dense.state.columns : "" };
    const one = alone ? addressOfCase(task, alone) : { case: "", nth: "" };
    const said = { ...wanted, ...view, ...one };
    remember({ task: Object.values(said).some(Boolean) ? task.name : "", ...said, ...pairInAddress() }, isStep);
    leaveOthers(task);
  };
  /** Draws what the filter finds, in the view that is chosen. */
  const apply = () => {
    follow();
    const wanted = wantedOf();
    const isFiltered = FIELDS.some((name) => name !== "behavior" && wanted[name]);
    shown = isFiltered ? task.cases.filter(matches({ task, lower, states: task.states }, wanted)) : task.cases;
    if (isTable) { folds.erase(); dense.show(shown); } else { tableBox.replaceChildren(); folds.show(shown, task.states, isFiltered); }
    const of = `${count(task.cases.length)} cases`;
    const by = wanted.behavior && `${of}, by ${plain(wanted.behavior)}`;
    form.querySelector(".count").textContent = absent + (isFiltered ? `${count(shown.length)} of ${of}` : by);
  };
  const rows = () => isTable ? dense.rows() : folds.rows();
  /** Shows the list or one case. */
  const reveal = () => {
    list.hidden = isTable || Boolean(alone);
    tableBox.hidden = !isTable || Boolean(alone);
    if (alone) single.show(alone, rows()); else single.hide();
    for (const button of views.querySelectorAll("[data-view]")) button.ariaPressed = String((button.dataset.view === "table") === isTable);
  };
  const change = () => { alone = null; absent = ""; apply(); reveal(); remembered(); };
  /** Back to all cases, as the address is about another task. */
  const leave = () => { if (alone) { alone = null; reveal(); } };
  const open = (row) => {
    const isFirst = !alone;
    alone = row;
    reveal();
    remembered(isFirst);
  };
  const close = () => {
    const place = task.order.get(alone);
    alone = null;
    if (isTable) dense.renew();
    reveal();
    remembered();
    const link = [list, tableBox].map((box) => box.querySelector(`a[data-case="${place}"]`)).find((found) => found?.checkVisibility());
    (link ?? views).scrollIntoView({ block: link ? "center" : "start" });
    (link ?? views.querySelector("[data-view][aria-pressed=true]")).focus({ preventScroll: true });
  };
  const folds = foldsOf(task, list);
  const dense = denseOf(task, tableBox, () => { apply(); remembered(); });
  const single = aloneOf(task, within(".alone")[0], { go: open, close });
  const look = (wanted) => { isTable = wanted === "table"; alone = null; apply(); reveal(); remembered(); };

  /** Filters the cases behind a cell of a table. */
  const ask = (wanted) => {
    for (const name of FIELDS) form.elements[name].value = wanted[name] ?? "";
    change();
    if (!isTable && shown.length) folds.openFirst();
    form.scrollIntoView({ block: "start" });
    form.elements.text.focus({ preventScroll: true });
  };

  fillLists(task, form, within("button.ask"));
  let waiting = 0;
  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    if (event.target.name === "text") waiting = setTimeout(change, TYPING);
    else change();
  });
  form.querySelector(".export").addEventListener("click", () => {
    const lines = new Blob(shown.map((row) => `${exported(task, row)}\n`), { type: "application/jsonl" });
    const link = el("a");
    link.href = URL.createObjectURL(lines);
    link.download = `${data.sides[pair.at(-1)].run}.${task.name}.jsonl`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(change));
  views.addEventListener("click", (event) => {
    const wanted = event.target.closest("[data-view]")?.dataset.view;
    if (wanted) look(wanted);
  });
  for (const box of [list, tableBox]) {
    box.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.target.closest("button, summary, input, label")) return;
      const link = event.target.closest("a[data-case]") ?? event.target.closest(".dense tbody tr")?.querySelector("a[data-case]");
      if (!link || !getSelection().isCollapsed) return;
      event.preventDefault();
      open(task.cases[link.dataset.case]);
    });
  }
  form.hidden = false;
  views.hidden = false;
  for (const button of views.querySelectorAll("button")) button.disabled = false;
  // Only these scripts mark differences, so that their legend is hidden without them.
  for (const legend of document.querySelectorAll(`#task-${index} .shading`)) legend.hidden = false;
  /** Applies the chosen pair and the state in the address. */
  const recall = () => {
    const said = asked();
    const isMine = said.get("task") === inAddress(task.name);
    const of = (name) => isMine ? said.get(name) ?? "" : "";
    if (isMine || !said.has("task")) {
      for (const name of FIELDS) form.elements[name].value = of(name);
      for (const name of FIELDS) if (form.elements[name].selectedIndex < 0) form.elements[name].value = "";
      Object.assign(dense.state, { sort: of("sort"), columns: of("columns") });
      isTable = of("view") === "table";
    }
    const named = of("case") ? task.cases.filter((row) => inAddress(row[0]) === of("case")) : [];
    alone = named[Number(of("nth"))] ?? null;
    absent = of("case") && !alone ? `The page has no case ${excerpt(of("case"))}${of("nth") && `, number ${excerpt(of("nth"))}`}. ` : "";
    apply();
    reveal();
  };
  return { form, task, index, recall, ask, single, look, leave, isTable: () => isTable, close };
};
