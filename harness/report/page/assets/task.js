/** The section of one task: its filter, its folds, and their settings in the address. */
const TYPING = 20;
const FIELDS = ["text", "code", "behavior", "side", "tag", "wording"];

const setUp = (task, index) => {
  if (!task.cases.length) return null;
  const { names, texts } = task;
  const places = new Map(names.map((name, place) => [name, place]));
  const within = (selector) =>
    [...document.querySelectorAll(selector)].filter((n) => n.dataset.task === String(index));
  const [form] = within(".filter");
  const lowered = new Map();
  const lower = (place) => {
    if (!lowered.has(place)) lowered.set(place, texts[place].toLowerCase());
    return lowered.get(place);
  };
  let states = new Map();
  let oneCase = "";
  let shown = task.cases;

  const buckets = within(".bucket").map((box) => ({
    box,
    list: box.querySelector(".list"),
    tally: box.querySelector(".tally"),
    states: new Set(box.dataset.states.split("|")),
    cases: [],
    drawn: 0,
  }));

  const apply = () => {
    const fields = new FormData(form);
    const wanted = { ...Object.fromEntries(FIELDS.map((name) => [name, fields.get(name) ?? ""])), case: oneCase };
    wanted.text = wanted.text.trim().toLowerCase();
    if (!wanted.behavior && !wanted.code) wanted.side = "";
    const isFiltered = Object.values(wanted).some(Boolean);
    const found = isFiltered ? task.cases.filter(matches({ names, places, lower }, wanted)) : task.cases;
    for (const bucket of buckets) {
      bucket.cases = found.filter((row) => bucket.states.has(states.get(row)));
      bucket.tally.textContent = count(bucket.cases.length);
      if (isFiltered && found.length <= STEP) bucket.box.open = bucket.cases.length > 0;
      if (bucket.box.open) draw(task, bucket);
      else { bucket.list.replaceChildren(); bucket.drawn = 0; }
    }
    shown = found;
    form.querySelector(".count").textContent = isFiltered ? `${count(found.length)} of ${count(task.cases.length)} cases` : "";
    return wanted;
  };
  const change = () => { oneCase = ""; remember(task, apply()); };

  /** Filters the cases behind a cell of a table. */
  const ask = (wanted) => {
    for (const name of FIELDS) form.elements[name].value = wanted[name] ?? "";
    change();
    if (shown.length) for (const { box, cases } of buckets) if (cases.length) { box.open = true; break; }
    form.scrollIntoView({ block: "start" });
    form.elements.text.focus({ preventScroll: true });
  };

  const fill = (name, values) => {
    const select = form.elements[name];
    for (const value of [...values].sort()) {
      const option = el("option", "", plain(value));
      option.value = value;
      select.append(option);
    }
    if (!values.size) select.closest("label").hidden = true;
  };
  const used = { code: new Set(), behavior: new Set(), tag: new Set(), wording: new Set() };
  for (const row of task.cases) {
    for (const tag of row[4]) used.tag.add(names[tag]);
    if (names[row[3]]) used.wording.add(names[row[3]]);
    for (const answer of row.slice(ANSWERS)) for (const finding of answer?.[2] ?? []) {
      for (const behavior of finding[0]) used.behavior.add(names[behavior]);
      used.code.add(names[finding[2]]);
    }
  }
  for (const button of within("button.ask")) if (button.dataset.behavior) used.behavior.add(button.dataset.behavior);
  for (const [name, values] of Object.entries(used)) fill(name, values);
  if (pair.length < 2) form.elements.side.closest("label").hidden = true;

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
  for (const bucket of buckets) {
    bucket.box.addEventListener("toggle", () => {
      if (bucket.box.open && !bucket.drawn) draw(task, bucket);
    });
  }
  form.hidden = false;
  // Only these scripts mark differences, so that their legend is hidden without them.
  for (const legend of document.querySelectorAll(`#task-${index} .shading`)) legend.hidden = false;
  /** Applies the chosen pair and the settings in the address. */
  const recall = () => {
    states = new Map(task.cases.map((row) => [row, stateOf(task, row)]));
    const asked = new URLSearchParams(location.hash.slice(1));
    const isMine = asked.get("task") === task.name;
    if (isMine) for (const name of FIELDS) form.elements[name].value = asked.get(name) ?? "";
    oneCase = isMine ? asked.get("case") ?? "" : "";
    apply();
    if (oneCase) form.scrollIntoView({ block: "start" });
  };
  return { form, task, index, recall, ask };
};
