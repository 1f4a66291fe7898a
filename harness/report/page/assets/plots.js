/** Charts of the chosen pair, put together from the lines of all models that each chart holds. */
const percentOf = (rate) => `${(rate * 100).toFixed(2)}%`;
const copiesOf = (chart, side) => [...chart.querySelectorAll(`defs [data-side="${side}"] > *`)].map((node) => node.cloneNode(true));

/** The rates of a pair with their intervals. */
const drawIntervals = (chart, behavior) => {
  for (const old of chart.querySelectorAll(":scope > g")) old.remove();
  const { row, budget } = chart.querySelector("defs").dataset;
  const said = pair.flatMap((side, slot) => {
    const line = chart.querySelector(`defs [data-side="${side}"]`)?.cloneNode(true);
    if (!line) return [];
    line.setAttribute("class", ROLES[slot]);
    line.setAttribute("transform", `translate(0 ${row * slot})`);
    chart.append(line);
    return [`${ROLES[slot]} ${line.dataset.said}`];
  });
  chart.setAttribute("aria-label", `${plain(behavior)}: ${[...said, budget].filter(Boolean).join("; ")}`);
};

/** Lines and dots on the axis of a pair. */
const drawPlot = (chart, high, ticks) => {
  const [box] = chart.getElementsByTagName("svg");
  box.setAttribute("viewBox", `0 0 ${high} 1`);
  box.replaceChildren();
  for (const old of chart.querySelectorAll(":scope > circle")) old.remove();
  for (const [slot, side] of pair.entries()) {
    for (const copy of copiesOf(chart, side)) {
      copy.setAttribute("class", ROLES[slot]);
      if (copy.localName === "circle") copy.setAttribute("cx", percentOf(Math.min(1, copy.dataset.x / high)));
      (copy.localName === "circle" ? chart : box).append(copy);
    }
  }
  const [first, ...others] = chart.querySelectorAll(":scope > text.tick");
  for (const other of others) other.remove();
  first.replaceWith(...ticks.map(([x, said, anchor]) => {
    const text = first.cloneNode();
    text.setAttribute("x", x);
    text.setAttribute("text-anchor", anchor);
    text.textContent = said;
    return text;
  }));
};

/** The charts of a task, and the keys of their lines in the tables below. */
const followPlots = (task, index) => {
  const figures = document.querySelectorAll(`#task-${index}-plots figure`);
  task.axes.forEach((axes, i) => {
    const figure = figures[i];
    const place = figure.querySelector(".plotted");
    const chart = place.querySelector("svg");
    const drawn = pair.filter((side) => Object.hasOwn(axes, `${side}-${side}`)).sort((a, b) => a - b);
    place.hidden = !drawn.length;
    const [high, ticks, beyond] = drawn.length ? axes[`${drawn[0]}-${drawn.at(-1)}`] : [1, [], ""];
    if (drawn.length) drawPlot(chart, high, ticks);
    figure.querySelector(".beyond").textContent = beyond && ` ${beyond}`;
    const said = [];
    for (const row of figure.querySelectorAll("tr[data-model]")) {
      const role = ROLES[pair.indexOf(Number(row.dataset.model))] ?? "";
      row.querySelector(".key").className = `key ${role || "other"}`;
      const old = row.querySelector(".role");
      old?.nextSibling.remove();
      old?.remove();
      if (role) row.querySelector(".name").before(el("span", "role", role), " ");
      const [, , median, p95, longest] = [...row.cells].map((cell) => cell.textContent.trim());
      said.push(`${role || row.querySelector(".name").textContent}: median ${median}, p95 ${p95}, most ${longest}`);
    }
    chart.setAttribute("aria-label", `${figure.querySelector("h3").textContent}: ${said.join("; ")}`);
  });
};
