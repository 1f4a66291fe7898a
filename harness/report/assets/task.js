/** One task's section: its filter, its folds and what the address says of them. */
const setUp = (task, index) => {
  if (!task.cases.length) return null;
  const { names, texts, labels } = task;
  const places = new Map(names.map((name, place) => [name, place]));
  const within = (selector) =>
    [...document.querySelectorAll(selector)].filter((n) => n.dataset.task === String(index));
  const [form] = within(".filter");
  const codeButtons = within("button.code");
  const headings = labels.map((label, i) => ({ label, className: labels.length > 1 && i === 0 ? "before" : "after" }));
  const lowered = new Map();
  const lower = (place) => {
    if (!lowered.has(place)) lowered.set(place, texts[place].toLowerCase());
    return lowered.get(place);
  };

  const buckets = within(".bucket").map((box) => ({
    box,
    list: box.querySelector(".list"),
    tally: box.querySelector(".tally"),
    states: new Set(box.dataset.states.split("|").map((state) => places.get(state))),
    cases: [],
    drawn: 0,
  }));

  let oneCase = "";
  let shown = task.cases;
  const apply = () => {
    const fields = new FormData(form);
    const wanted = {
      text: fields.get("text").trim().toLowerCase(),
      code: fields.get("code"), behavior: fields.get("behavior"), tag: fields.get("tag"), case: oneCase,
    };
    const isFiltered = Object.values(wanted).some(Boolean);
    const found = isFiltered ? task.cases.filter(matches({ places, lower }, wanted)) : task.cases;
    for (const bucket of buckets) {
      bucket.cases = found.filter((row) => bucket.states.has(row[2]));
      bucket.tally.textContent = count(bucket.cases.length);
      if (isFiltered && found.length <= STEP) bucket.box.open = bucket.cases.length > 0;
      if (bucket.box.open) draw(task, bucket);
      else bucket.list.replaceChildren();
    }
    shown = found;
    form.querySelector(".count").textContent = isFiltered ? `${count(found.length)} of ${count(task.cases.length)} cases` : "";
    return wanted;
  };

  const remember = (wanted) => {
    const kept = Object.entries(wanted).filter(([, value]) => value);
    const hash = kept.length ? `#${new URLSearchParams([["task", task.name], ...kept])}` : location.pathname + location.search;
    history.replaceState(null, "", hash);
  };
  const change = () => { oneCase = ""; remember(apply()); };

  const fill = (name, values) => {
    const select = form.elements[name];
    for (const value of [...values].sort()) {
      const option = el("option", "", plain(value));
      option.value = value;
      select.append(option);
    }
    if (!values.size) select.closest("label").hidden = true;
  };
  const used = { code: new Set(), behavior: new Set(), tag: new Set() };
  for (const row of task.cases) {
    for (const tag of row[5]) used.tag.add(names[tag]);
    for (const answer of row.slice(6)) for (const finding of answer?.[2] ?? []) {
      for (const behavior of finding[0]) used.behavior.add(names[behavior]);
      used.code.add(names[finding[2]]);
    }
  }
  for (const [name, values] of Object.entries(used)) fill(name, values);

  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(change, 60); });
  form.querySelector(".export").addEventListener("click", () => {
    const lines = new Blob(shown.map((row) => `${exported(task, row)}\n`), { type: "application/jsonl" });
    const link = el("a");
    link.href = URL.createObjectURL(lines);
    link.download = `${data.run}.${task.name}.jsonl`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(change));
  for (const button of codeButtons) {
    button.disabled = false;
    button.addEventListener("click", () => {
      form.elements.code.value = button.dataset.code;
      change();
      form.scrollIntoView({ block: "start" });
    });
  }
  for (const bucket of buckets) {
    bucket.box.addEventListener("toggle", () => {
      if (bucket.box.open && !bucket.drawn) draw(task, bucket);
    });
  }
  form.hidden = false;
  const recall = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (asked.get("task") !== task.name) return apply();
    for (const name of ["text", "code", "behavior", "tag"]) form.elements[name].value = asked.get(name) ?? "";
    oneCase = asked.get("case") ?? "";
    apply();
    if (oneCase) form.scrollIntoView({ block: "start" });
  };
  recall();
  addEventListener("hashchange", recall);
  return form;
};
