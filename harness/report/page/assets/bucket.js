/** A fold of the list of cases, drawn a few at a time. */
const STEP = 20;
// Characters of answers after which a step ends early, fewer where tokens are spans: drawing must not keep a reader waiting.
const STEP_CHARACTERS = 60_000;
const STEP_CHARACTERS_OF_TOKENS = 12_000;

/** Characters as they are shown, and those of a line: a browser takes longer to lay out lines than letters. */
const weightOf = (text) => {
  const lines = text.split("\n").length - 1;
  return text.length + 5 * lines + (NAME - 1) * ((text.match(UNSEEN)?.length ?? 0) - lines);
};

/** The button that draws more of a list, and moves the focus to the first of them. */
const moreButton = (step, left, drawMore) => {
  const more = el("button", "more", `Show ${Math.min(step, left)} of ${count(left)} more`);
  more.type = "button";
  more.addEventListener("click", () => drawMore()?.querySelector("a")?.focus());
  return more;
};
/** The cases of the next step. */
const nextOf = ({ texts }, bucket) => {
  let left = hasTokens ? STEP_CHARACTERS_OF_TOKENS : STEP_CHARACTERS;
  return bucket.cases.slice(bucket.drawn, bucket.drawn + STEP).filter((row) => {
    const isWanted = left > 0;
    for (const answer of answersOf(row)) left -= answer ? weightOf(texts[answer[0]]) : 0;
    return isWanted;
  });
};
/** Draws the next cases; the first of them is returned. */
const drawMore = (task, bucket) => {
  const next = nextOf(task, bucket);
  bucket.drawn += next.length;
  bucket.list.querySelector(".more")?.remove();
  const drawn = next.map((row) => drawCase(task, row));
  bucket.list.append(...drawn);
  const left = bucket.cases.length - bucket.drawn;
  if (left > 0) bucket.list.append(moreButton(nextOf(task, bucket).length, left, () => drawMore(task, bucket)));
  return drawn[0];
};
const draw = (task, bucket) => {
  bucket.list.replaceChildren();
  bucket.drawn = 0;
  if (!bucket.cases.length) bucket.list.append(el("p", "note", "None."));
  else drawMore(task, bucket);
};
const erase = (bucket) => {
  bucket.list.replaceChildren();
  bucket.drawn = 0;
};

/** A fold that the page was not written with: by another behavior, cases may have its states. */
const foldOf = (task, [title, states, hint]) => {
  const heading = el("summary", "", el("span", "title", title), " ", el("span", "tally"), " ", el("span", "hint", hint));
  const box = el("details", "bucket", heading, el("div", "list"));
  Object.assign(box.dataset, { task: data.tasks.indexOf(task), states: states.join("|") });
  return box;
};

/** The folds of a task in `place`: each holds the cases of its states by the chosen behavior. */
const foldsOf = (task, place) => {
  const written = new Map([...place.querySelectorAll(".bucket")].map((box) => [box.dataset.states, box]));
  const buckets = data.folds.map((fold) => {
    const states = fold[1].join("|");
    const box = written.get(states) ?? foldOf(task, fold);
    const hint = box.querySelector(".hint");
    return {
      box, hint, said: fold[2], isMade: !written.has(states), states: new Set(fold[1]), cases: [], drawn: 0,
      list: box.querySelector(".list"), tally: box.querySelector(".tally"),
    };
  });
  for (const bucket of buckets) {
    bucket.box.addEventListener("toggle", () => {
      if (bucket.box.open && !bucket.drawn) draw(task, bucket);
    });
  }
  /** Shows these cases; of a few, only folds that have one stay open. */
  const show = (rows, states, isFiltered) => {
    for (const bucket of buckets) {
      bucket.cases = rows.filter((row) => bucket.states.has(states.get(row)));
      bucket.tally.textContent = count(bucket.cases.length);
      bucket.hint.textContent = (isComposite(task.behavior) ? "" : `${plain(task.behavior)}: `) + bucket.said;
      if (isFiltered && rows.length <= STEP) bucket.box.open = bucket.cases.length > 0;
      if (bucket.box.open) draw(task, bucket);
      else erase(bucket);
    }
    const kept = buckets.filter(({ isMade, cases }) => !isMade || cases.length).map(({ box }) => box);
    if (kept.length !== place.children.length || kept.some((box, i) => place.children[i] !== box)) place.replaceChildren(...kept);
  };
  const openFirst = () => { const first = buckets.find(({ cases }) => cases.length); if (first) first.box.open = true; };
  return { show, openFirst, erase: () => buckets.forEach(erase), rows: () => buckets.flatMap(({ cases }) => cases) };
};
