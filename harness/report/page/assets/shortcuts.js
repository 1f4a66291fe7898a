/** Keys: each has a button or a link that does the same. */
const KEYS = [
  ["j", "the next case"],
  ["k", "the previous case"],
  ["Enter", "the case alone, with its whole prompt and every model's answer"],
  ["Escape", "back from one case to all"],
  ["t", "cards or table"],
  ["r", "your review: the last answer of the case with the focus is right"],
  ["w", "your review: it is wrong"],
  ["s", "your review: a star, the case must pass"],
  ...(hasTokens ? [["c", "the certainty of tokens"]] : []),
  ["/", "the search"],
  ["?", "these keys"],
];

/** Off, single letters do nothing: who speaks to the computer or slips on the keyboard wants that. */
let areKeysOn = true;

const helpOf = () => {
  const rows = KEYS.map(([key, said]) => el("tr", "", Object.assign(el("th", "", el("kbd", "", key)), { scope: "row" }), el("td", "", said)));
  const close = el("button", "close", "Close");
  close.type = "button";
  const tick = Object.assign(el("input"), { type: "checkbox", checked: areKeysOn });
  tick.addEventListener("change", () => { areKeysOn = tick.checked; });
  const title = el("h2", "", "Keys");
  title.id = "keys-title";
  const box = el("dialog", "help", title, el("table", "", el("tbody", "", ...rows)), el("p", "", el("label", "", tick, " Keys are on")), close);
  box.setAttribute("aria-labelledby", title.id);
  close.addEventListener("click", () => box.close());
  document.body.append(box);
  return box;
};

/** The links of all cases that can be seen, from the top of the page. */
const linksOfCases = () =>
  [...document.querySelectorAll(".folds:not([hidden]) .bucket[open] .case h4 a, .dense:not([hidden]) tbody a")];

/** Moves the focus to the next or the previous case; at the end of what is drawn, draws more. */
const moveFocus = (way) => {
  const links = linksOfCases();
  const around = (node) => node.closest(".case, tr");
  const at = links.findIndex((link) => around(link).contains(document.activeElement));
  let next = links[at + way];
  if (at < 0) next = links.find((link) => around(link).getBoundingClientRect().top >= 0) ?? links[0];
  else if (way > 0) {
    const more = links[at].closest(".list, .dense")?.querySelector(".more");
    const isLast = !next || next.closest(".list, .dense") !== links[at].closest(".list, .dense");
    if (more && isLast) { more.click(); return; }
  }
  if (!next) return;
  next.focus({ preventScroll: true });
  around(next).scrollIntoView({ block: next.closest("tr") ? "nearest" : "start" });
};

const listenToKeys = (sections) => {
  let help = null;
  const open = () => { help ??= helpOf(); if (!help.open) help.showModal(); };
  for (const button of document.querySelectorAll("button.keyboard")) button.addEventListener("click", open);
  const near = () => sections.find(({ index }) => document.querySelector(`#task-${index}`).contains(document.activeElement)) ??
    sections.find(({ index }) => document.querySelector(`#task-${index}`).getBoundingClientRect().bottom > 0) ?? sections[0];
  const isAlone = () => sections.find(({ single }) => single.isOpen());
  const acts = {
    "/": () => near().form.elements.text.focus(),
    "?": open,
    j: () => isAlone() ? isAlone().single.next() : moveFocus(1),
    k: () => isAlone() ? isAlone().single.previous() : moveFocus(-1),
    t: () => near().look(near().isTable() ? "cards" : "table"),
    r: () => pressReview(".right"),
    w: () => pressReview(".wrong"),
    s: () => pressReview(".star"),
    ...(hasTokens ? { c: () => document.querySelector("button.certainty").click() } : {}),
    Escape: () => isAlone()?.close(),
  };
  addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input:not([type=checkbox]), select, textarea, dialog");
    if (!sections.length || isTyping || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(acts, event.key)) return;
    if (!areKeysOn && event.key !== "Escape" && event.key !== "?") return;
    if (event.key !== "Escape") event.preventDefault();
    acts[event.key]();
  });
};
