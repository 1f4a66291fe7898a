/** The filter of the index: rows and groups of a model, a task and a selection of cases, kept in the address. */
const form = document.querySelector("form.filter");
const FIELDS = ["model", "task", "cases"];
const filtered = [...document.querySelectorAll("[data-model]")];
const rows = filtered.filter((node) => node.tagName === "TR");

/** The training of each model that is a checkpoint, as its group and the filter name it; "" of other models. */
const trainings = new Map(rows.map((row) => [row.dataset.model, row.dataset.training]));
/** A checkpoint belongs to the group of its training, and all checkpoints to the training. */
const isOf = (said, wanted) => said === wanted || trainings.get(said) === wanted || said === trainings.get(wanted);

const apply = () => {
  const wanted = FIELDS.map((name) => [name, form.elements[name].value]).filter(([, value]) => value);
  for (const node of filtered) node.hidden = !wanted.every(([name, value]) => isOf(node.dataset[name], value));
  for (const heading of document.querySelectorAll(".index h2")) {
    const groups = [];
    for (let next = heading.nextElementSibling; next && next.tagName !== "H2"; next = next.nextElementSibling) if (next.matches(".group")) groups.push(next);
    heading.hidden = groups.length > 0 && groups.every((group) => group.hidden);
    if (groups.length) heading.nextElementSibling.hidden = heading.hidden;
  }
  const shown = rows.filter((row) => !row.hidden).length;
  form.querySelector(".count").textContent = wanted.length ? `${shown.toLocaleString("en-US")} of ${rows.length.toLocaleString("en-US")} rows` : "";
  return wanted;
};
const change = () => {
  const wanted = apply();
  history.replaceState(null, "", wanted.length ? `#${new URLSearchParams(wanted)}` : location.pathname + location.search);
};
const recall = () => {
  const said = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  for (const name of FIELDS) form.elements[name].value = said.get(name) ?? "";
  for (const name of FIELDS) if (form.elements[name].selectedIndex < 0) form.elements[name].value = "";
  apply();
};
if (form) {
  form.hidden = false;
  form.addEventListener("input", change);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(change));
  addEventListener("hashchange", () => {
    const isAtSection = /^#[^=]+$/.test(location.hash);
    if (!isAtSection) recall();
    // The reader is there: a reload is to bring back the filter.
    else if (FIELDS.some((name) => form.elements[name].value)) change();
  });
  recall();
}
