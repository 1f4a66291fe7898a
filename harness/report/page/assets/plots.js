/** How a quantity is distributed in the chosen pair, drawn as harness/report/page/distributions.py does. */
const MOST_TICKS = 6;
const LONGEST = 3;
const BOX = 1000;
const ROLES = ["before", "after"];

const drawnIn = (chart, name, attributes) => {
  const node = document.createElementNS(chart.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
};
const percentOf = (rate) => `${(rate * 100).toFixed(2)}%`;

const significant = (value) => {
  const decimals = value ? Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))) : 0;
  return value.toLocaleString("en-US", { maximumFractionDigits: decimals });
};

/** The ticks of an axis from 0 to a round number from `end` on. */
const ticksTo = (end) => {
  const raw = (end || 1) / (MOST_TICKS - 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((wide) => wide >= raw * 0.999);
  const steps = Math.max(1, Math.ceil((end || 1) / step - 1e-9));
  return Array.from({ length: steps + 1 }, (_, i) => i * step);
};

const steppedTo = (points, high) => {
  const inside = points.filter(([value]) => value <= high);
  const corners = [[0, 0], ...inside, [high, inside.at(-1)?.[1] ?? 0]];
  return corners.flatMap(([value, share], i) => {
    const x = (value / high) * BOX;
    const at = (level) => `${x.toFixed(1)},${((1 - level) * BOX).toFixed(1)}`;
    return i ? [at(corners[i - 1][1]), at(share)] : [at(share)];
  }).join(" ");
};

const drawPlot = (chart, { unit }, drawn) => {
  const [box] = chart.getElementsByTagName("svg");
  const height = Number(chart.getAttribute("height"));
  const most = Math.max(...drawn.map(({ found }) => found.most));
  const ticks = ticksTo(Math.min(most, Math.max(...drawn.map(({ found }) => LONGEST * found.p95))));
  const high = ticks.at(-1);
  box.replaceChildren(...drawn.map(({ found, role }) =>
    drawnIn(box, "polyline", { class: role, points: steppedTo(found.points, high) })));
  for (const old of chart.querySelectorAll("circle, text.tick")) old.remove();
  for (const tick of ticks) {
    const said = significant(tick);
    const anchor = said.length <= 4 ? "middle" : tick === 0 ? "start" : tick === high ? "end" : "middle";
    const text = drawnIn(chart, "text", { class: "tick", x: percentOf(tick / high), y: height + 16, "text-anchor": anchor });
    text.textContent = said;
    chart.append(text);
  }
  for (const { found, role } of drawn) {
    for (const [name, share] of [["median", 0.5], ["p95", 0.95]]) {
      const x = percentOf(Math.min(1, found[name] / high));
      const dot = drawnIn(chart, "circle", { class: role, cx: x, cy: ((1 - share) * height).toFixed(1), r: 4 });
      const title = drawnIn(chart, "title", {});
      title.textContent = `${name} ${significant(found[name])} ${unit}`.trimEnd();
      dot.append(title);
      chart.append(dot);
    }
  }
  return drawn.reduce((sum, { found }) => sum + found.tail.filter((value) => value > high).length, 0);
};

/** The charts of a task, and in their tables which model is which line. */
const followPlots = (task, index) => {
  const figures = document.querySelectorAll(`#task-${index}-plots figure`);
  task.plots.forEach((plot, i) => {
    const figure = figures[i];
    const drawn = pair.map((side, slot) => ({ found: plot.sides[side], role: ROLES[slot] }))
      .filter(({ found }) => found && found.points.length > 1);
    const place = figure.querySelector(".plotted");
    place.hidden = !drawn.length;
    const beyond = drawn.length ? drawPlot(place.querySelector("svg"), plot, drawn) : 0;
    figure.querySelector(".beyond").textContent =
      beyond ? ` ${count(beyond)} ${beyond === 1 ? "answer" : "answers"} beyond the axis.` : "";
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
    place.querySelector("svg").setAttribute("aria-label", `${figure.querySelector("h3").textContent}: ${said.join("; ")}`);
  });
};
