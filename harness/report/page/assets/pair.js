/** The choice of a pair of models: tables and charts follow it, and hide what is not known of it. */

/** The difference in points of the rates of a pair that the gate did not judge. */
const pointsOf = (task, behavior) => {
  const rates = Object.hasOwn(task.rates, behavior) ? task.rates[behavior][0] : [];
  const [before, after] = pair.map((side) => rates[side] ?? null);
  if (before === null || after === null) return "";
  const points = (after - before) * 100;
  return Math.abs(points) < 0.05 ? "0.0" : `${points > 0 ? "+" : "−"}${Math.abs(points).toFixed(1)}`;
};

/** Every row of rates of a task, drawn from the matrix. */
const followRates = (task, index) => {
  const isOf = (node) => node.dataset.task === String(index);
  const cells = new Map([...document.querySelectorAll("[data-matrix]")].filter(isOf)
    .map((cell) => [`${cell.dataset.model} ${cell.dataset.matrix}`, cell]));
  const words = task.pairs[pair.join("-")]?.[1] ?? {};
  for (const row of [...document.querySelectorAll("tr[data-behavior]")].filter(isOf)) {
    const { behavior } = row.dataset;
    if (Object.hasOwn(task.rates, behavior)) drawIntervals(row.querySelector(".plot svg"), behavior);
    const codes = Object.hasOwn(task.rates, behavior) ? task.rates[behavior][1] : [];
    for (const said of row.querySelectorAll(".codes")) {
      const text = codes[pair[Number(said.dataset.slot)]] ?? "";
      said.hidden = !text;
      said.querySelector(".said").textContent = plain(text);
    }
    for (const cell of row.querySelectorAll("td[data-slot]")) {
      const side = pair[Number(cell.dataset.slot)];
      const copy = cells.get(`${side} ${behavior}`)?.cloneNode(true);
      if (!copy) continue;
      const button = copy.querySelector("button");
      if (button) {
        button.dataset.side = ["before", "after"][Number(cell.dataset.slot)];
        delete button.dataset.model;
      }
      cell.replaceChildren(...copy.childNodes);
    }
    const [points, ends] = Object.hasOwn(words, behavior) ? words[behavior] : [pointsOf(task, behavior), ""];
    const said = { ".points": points, ".ends": ends };
    for (const [selector, text] of Object.entries(said)) {
      const place = row.querySelector(selector);
      if (place) place.textContent = text;
      if (selector === ".points" && place) place.closest("button").hidden = !text;
    }
  }
};

/** The number of cases with each failure code, on each side of the pair. */
const followCodes = (task, index) => {
  const counts = new Map();
  for (const row of task.cases) {
    for (const [i, answer] of answersOf(row).entries()) {
      const codes = new Set((answer?.[2] ?? []).filter((f) => task.names[f[1]] !== "skipped").map((f) => task.names[f[2]]));
      for (const code of codes) {
        if (!counts.has(code)) counts.set(code, [0, 0]);
        counts.get(code)[i] += 1;
      }
    }
  }
  for (const row of document.querySelectorAll("tr[data-code]")) {
    if (row.dataset.task !== String(index)) continue;
    const found = counts.get(row.dataset.code) ?? [0, 0];
    const most = Math.max(1, ...[...counts.values()].flat());
    row.querySelectorAll(".many").forEach((place, i) => { place.textContent = count(found[i]); });
    row.querySelectorAll("rect").forEach((bar, i) => bar.setAttribute("width", percentOf(found[i] / most)));
    const drift = found[1] - found[0];
    row.querySelector(".drift").textContent = drift ? `${drift > 0 ? "+" : "−"}${count(Math.abs(drift))}` : "0";
  }
};

/** Every table and chart of every task, also of one without a case on the page. */
const followPair = () => {
  const isFirst = pair.join() === data.pair.join();
  const form = document.querySelector("form.pair");
  if (!form) return;
  form.elements.before.value = pair[0];
  form.elements.after.value = pair[1];
  const said = data.tasks.flatMap((task) => {
    const words = task.pairs[pair.join("-")]?.[0];
    return words ? [`${data.tasks.length > 1 ? `${plain(task.name)}: ` : ""}${plain(words)}`] : [];
  });
  const names = pair.map((side) => plain(data.sides[side].name)).join(", then ");
  form.querySelector(".other").textContent = isFirst ? "" : `${names}. ${said.join(" ")}`;
  document.querySelector("main").classList.toggle("other-pair", !isFirst);
  for (const head of document.querySelectorAll("th[data-slot] .name")) {
    const side = data.sides[pair[Number(head.closest("th").dataset.slot)]];
    head.textContent = plain(side.name);
    head.title = plain(side.ref);
  }
  for (const [index, task] of data.tasks.entries()) {
    followRates(task, index);
    followCodes(task, index);
    followPlots(task, index);
    followSlices(task, index);
  }
};

const listenToPair = (choose) => {
  const form = document.querySelector("form.pair");
  if (!form) return;
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => choose([Number(form.elements.before.value), Number(form.elements.after.value)]));
  form.addEventListener("reset", (event) => { event.preventDefault(); choose(data.pair); });
  form.querySelector(".swap").addEventListener("click", () => choose([pair[1], pair[0]]));
  for (const button of document.querySelectorAll("button.choose")) {
    button.disabled = false;
    button.addEventListener("click", () => {
      choose(button.dataset.pair.split("-").map(Number));
      form.scrollIntoView({ block: "start" });
      form.elements.before.focus({ preventScroll: true });
    });
  }
};
