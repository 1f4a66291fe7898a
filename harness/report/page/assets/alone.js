/** One case alone: the whole prompt and every model's answer, with the cases before and after it. */
const aloneOf = (task, box, { go, close }) => {
  const button = (name, className, act) => {
    const found = el("button", className, name);
    found.type = "button";
    found.addEventListener("click", act);
    return found;
  };
  let shown = null;
  /** Draws one case, out of `rows` in the order of the list; one that is drawn anew leaves the focus where it is. */
  const show = (row, rows) => {
    const at = rows.indexOf(row);
    const isFocused = row !== shown || box.contains(document.activeElement);
    const focused = document.activeElement?.closest(".alone button")?.className;
    shown = row;
    const step = (to) => { if (rows[to]) go(rows[to]); };
    const back = button("Back to the cases", "back", close);
    const previous = button("Previous", "previous", () => step(at - 1));
    const next = button("Next", "next", () => step(at + 1));
    previous.disabled = at <= 0;
    next.disabled = at < 0 || at >= rows.length - 1;
    const said = at < 0 ? "not among the cases that the filter shows" : `${count(at + 1)} of ${count(rows.length)} cases`;
    const place = el("output", "place", said);
    place.ariaLive = "polite";
    box.replaceChildren(el("p", "steps", back, " ", previous, " ", next, " ", place), drawCase(task, row, true));
    box.classList.toggle("many", data.sides.length > 2);
    box.hidden = false;
    show.step = { next: () => step(at + 1), previous: () => step(at - 1) };
    if (!isFocused) return;
    const again = focused && box.querySelector(`button.${focused}:enabled`);
    (again || box.querySelector(".case h4 a")).focus({ preventScroll: true });
    const { top } = box.getBoundingClientRect();
    if (top < 0 || top > innerHeight / 2) box.scrollIntoView({ block: "start" });
  };
  const hide = () => { box.hidden = true; shown = null; box.replaceChildren(); };
  return { show, hide, isOpen: () => !box.hidden, next: () => show.step.next(), previous: () => show.step.previous() };
};
