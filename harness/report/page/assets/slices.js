/** The slices of the chosen pair, where the gate judged it; those of the first pair are in the page. */
const written = new Map();
const sliceRow = ([kind, name, cases, before, after, change, interval, p, isSmall], index) => {
  const ask = el("button", "ask", `${kind} ${plain(name)}`);
  ask.type = "button";
  ask.dataset.task = index;
  ask.dataset[kind === "tag" ? "tag" : "wording"] = name;
  const head = el("th", "", ask);
  head.scope = "row";
  const numbers = [cases, before, after].map((said) => el("td", "num", said));
  const below = [interval, p].map((said) => said && el("span", "interval", said));
  return el("tr", isSmall ? "small" : "", head, ...numbers, el("td", "num change", change, ...below));
};

const followSlices = (task, index) => {
  const box = document.querySelector(`#task-${index}-slices`);
  if (!box) return;
  const list = box.querySelector("tbody");
  const left = box.querySelector(".left");
  if (!written.has(index)) written.set(index, [[...list.children], left.textContent]);
  const [rows, said] = task.pairs[pair.join("-")]?.[2] ?? [[], ""];
  const isFirst = pair.join() === data.pair.join();
  box.hidden = !rows.length && !isFirst;
  list.replaceChildren(...(isFirst ? written.get(index)[0] : rows.map((row) => sliceRow(row, index))));
  left.textContent = isFirst ? written.get(index)[1] : said;
};
