/** A fold of the list of cases, drawn a few at a time. */
const STEP = 20;

const drawMore = (task, bucket) => {
  const from = bucket.drawn;
  const next = bucket.cases.slice(from, from + STEP);
  bucket.drawn += next.length;
  bucket.list.querySelector(".more")?.remove();
  bucket.list.append(...next.map((row) => drawCase(task, row)));
  const left = bucket.cases.length - bucket.drawn;
  if (left <= 0) return;
  const more = el("button", "more", `Show ${Math.min(STEP, left)} of ${count(left)} more`);
  more.type = "button";
  more.addEventListener("click", () => {
    drawMore(task, bucket);
    const first = bucket.list.children[from + STEP]?.querySelector("a");
    first?.focus();
  });
  bucket.list.append(more);
};
const draw = (task, bucket) => {
  bucket.list.replaceChildren();
  bucket.drawn = 0;
  if (!bucket.cases.length) bucket.list.append(el("p", "note", "None."));
  else drawMore(task, bucket);
};
