/**
 * The review: a person's verdicts on answers, with stars, tags and notes on their cases. It is kept in
 * the address, as long as it fits, and in a file; what comes from either is somebody else's text.
 */
const MOST_IN_ADDRESS = 8000;
const MOST_TAGS = 8;
const LONGEST_TAG = 40;
const LONGEST_NOTE = 1000;
const SAVE_AFTER = 300;
const VERDICTS = { r: "right", w: "wrong" };

/** By case, a row of data.tasks: { verdicts: by side, star, tags, note }. */
const review = new Map();
/** What this page wrote to its address: going back to one of them is no other person's link. */
const writtenReviews = new Set();

const unreviewed = () => ({ verdicts: {}, star: false, tags: [], note: "" });
const isNothing = ({ verdicts, star, tags, note }) => !star && !tags.length && !note && !Object.keys(verdicts).length;
const setReview = (row, mark) => isNothing(mark) ? review.delete(row) : review.set(row, mark);
/** At most so many characters, none of them halved. */
const firstOf = (text, most) => [...text.slice(0, 2 * most)].slice(0, most).join("");
const tidyTags = (tags) => [...new Set(tags.map((tag) => firstOf(tag.trim(), LONGEST_TAG)).filter(Boolean))].slice(0, MOST_TAGS);

const sideOf = (run, model) => data.sides.findIndex((side) => side.run === run && side.ref === model);
/** The verdict of the checks on an answer, as a person's; null where they have none. */
const checksOn = ({ names }, answer) => ({ passes: "right", fails: "wrong" }[names[answer?.[1]]] ?? null);

/** Names the cases of this page, so that a link to another one is not read as a review of this. */
const casesHash = (() => {
  let hash = 0x811c9dc5;
  const add = (text) => {
    for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ 0x1f, 0x01000193);
  };
  for (const { run, ref } of data.sides) { add(run); add(ref); }
  for (const task of data.tasks) { add(task.name); for (const [id, repeat] of task.cases) add(`${id} ${repeat}`); }
  return (hash >>> 0).toString(36);
})();

// Fields stand between "_", entries between "*": both stay as they are in an address.
const escapedField = (text) => text.replace(/[~_*]/g, (mark) => `~${{ "~": "t", _: "u", "*": "a" }[mark]}`);
const unescapedField = (text) => text.replace(/~([tua])/g, (_, mark) => ({ t: "~", u: "_", a: "*" }[mark]));

/** The review as the text of an address; empty where no case is reviewed. */
const reviewText = () => {
  const entries = [];
  data.tasks.forEach((task, t) => task.cases.forEach((row, r) => {
    const mark = review.get(row);
    if (!mark) return;
    const marks = Object.entries(mark.verdicts).map(([side, verdict]) => side + verdict[0]).join("") + (mark.star ? "s" : "");
    const fields = [t.toString(36), r.toString(36), marks, escapedField(mark.note), ...mark.tags.map(escapedField)];
    while (fields.at(-1) === "" && fields.length > 3) fields.pop();
    entries.push(fields.join("_"));
  }));
  return entries.length ? ["1", casesHash, ...entries].join("*") : "";
};

/** Adds the review of an address to the page's; false where it is of other cases. */
const readReviewText = (text) => {
  const [version, hash, ...entries] = text.split("*");
  if (version !== "1" || hash !== casesHash) return false;
  for (const entry of entries) {
    const [t, r, marks = "", note = "", ...tags] = entry.split("_");
    const row = data.tasks[parseInt(t, 36)]?.cases[parseInt(r, 36)];
    if (!row) continue;
    const verdicts = {};
    for (const [, side, verdict] of marks.matchAll(/(\d{1,4})([rw])/g)) if (row[ANSWERS + Number(side)]) verdicts[Number(side)] = VERDICTS[verdict];
    setReview(row, { verdicts, star: marks.endsWith("s"), tags: tidyTags(tags.map(unescapedField)), note: firstOf(unescapedField(note), LONGEST_NOTE) });
  }
  return true;
};

const isFitting = (text) => String(new URLSearchParams([["", text]])).length <= MOST_IN_ADDRESS;
const saveReview = () => {
  const text = reviewText();
  writtenReviews.add(text);
  remember({ review: isFitting(text) ? text : "" });
};

/** A line of the exported review for every answer with a verdict, else one for the case. */
const reviewLines = () => data.tasks.flatMap((task) => task.cases.flatMap((row) => {
  const mark = review.get(row);
  if (!mark) return [];
  const judged = Object.keys(mark.verdicts).map(Number);
  const any = [...data.pair].reverse().concat(data.sides.map((_, side) => side)).find((side) => row[ANSWERS + side]);
  return (judged.length ? judged : [any]).map((side) => JSON.stringify({
    run: data.sides[side].run, model: data.sides[side].ref, task: task.name, case: row[0], repeat: row[1],
    verdict: mark.verdicts[side] ?? null, checks: checksOn(task, row[ANSWERS + side]),
    must_pass: mark.star, tags: mark.tags, note: mark.note,
  }));
}));

/** Adds the lines of a review; returns how many are of no answer of this page. */
const addReview = (lines) => {
  // By side, too: a case whose prompt changed has a row for each.
  const rows = new Map();
  for (const task of data.tasks) for (const row of task.cases) {
    data.sides.forEach((_, side) => { if (row[ANSWERS + side]) rows.set(JSON.stringify([task.name, row[0], row[1], side]), row); });
  }
  let left = 0;
  for (const line of lines) {
    const side = sideOf(line?.run, line?.model);
    const named = [line?.task, line?.case, line?.repeat ?? 0, side];
    const row = named.every((part) => typeof part !== "object") && rows.get(JSON.stringify(named));
    if (!row) { left += 1; continue; }
    const mark = review.get(row) ?? unreviewed();
    if (Object.values(VERDICTS).includes(line.verdict)) mark.verdicts[side] = line.verdict;
    mark.star ||= line.must_pass === true;
    mark.tags = tidyTags([...mark.tags, ...(Array.isArray(line.tags) ? line.tags.filter((tag) => typeof tag === "string") : [])]);
    if (typeof line.note === "string" && line.note) mark.note = firstOf(line.note, LONGEST_NOTE);
    setReview(row, mark);
  }
  return left;
};

/** How many answers a person and the checks judge alike, and otherwise. */
const agreement = () => {
  const found = { answers: 0, alike: 0, wrong: 0, right: 0, unjudged: 0, stars: 0, noted: 0 };
  for (const task of data.tasks) for (const row of task.cases) {
    const mark = review.get(row);
    if (!mark) continue;
    found.stars += mark.star;
    found.noted += Boolean(mark.note || mark.tags.length);
    for (const [side, verdict] of Object.entries(mark.verdicts)) {
      const checks = checksOn(task, row[ANSWERS + Number(side)]);
      found.answers += 1;
      found[checks === null ? "unjudged" : checks === verdict ? "alike" : verdict] += 1;
    }
  }
  return found;
};

const reviewSaid = () => {
  const { answers, alike, wrong, right, unjudged, stars, noted } = agreement();
  const parts = [[alike, "as the checks say"], [wrong, wrong === 1 ? "passes and is wrong" : "pass and are wrong"], [right, right === 1 ? "fails and is right" : "fail and are right"], [unjudged, "not judged by the checks"]];
  const said = [
    answers ? `${count(answers)} ${answers === 1 ? "answer" : "answers"} reviewed: ${parts.filter(([n]) => n).map(([n, what]) => `${count(n)} ${what}`).join(", ")}` : "",
    stars ? `${count(stars)} must pass` : "", noted ? `${count(noted)} with a note or tags` : "",
  ];
  return said.filter(Boolean).join("; ");
};

/** Tests a case for the filter's choice. */
const isReviewed = (task, row, wanted) => {
  const mark = review.get(row);
  if (wanted === "none") return !mark;
  if (!mark) return false;
  const verdicts = Object.entries(mark.verdicts);
  if (wanted === "star") return mark.star;
  if (wanted === "note") return Boolean(mark.note || mark.tags.length);
  if (wanted === "against") return verdicts.some(([side, said]) => ![said, null].includes(checksOn(task, row[ANSWERS + Number(side)])));
  return wanted === "any" || verdicts.some(([, said]) => said === wanted);
};

const reviewBars = [...document.querySelectorAll(".review-bar")];
const tellReview = (remark = "") => {
  const isTooLong = !isFitting(reviewText());
  const said = reviewSaid() || "Mark answers right or wrong, star a case that must pass: your review stands here.";
  const where = isTooLong ? "It is too long for an address: export it, or it is lost with this page." : "";
  for (const bar of reviewBars) {
    bar.querySelector(".said").textContent = [`${said}.`.replace("..", "."), where, remark].filter(Boolean).join(" ");
    bar.classList.toggle("begun", review.size > 0);
    bar.querySelector(".link").disabled = isTooLong || !review.size;
    bar.querySelector(".save").disabled = !review.size;
  }
};

let savingReview = 0;
/** Changes the review of one case, in `box`; the same case elsewhere on the page is drawn anew. */
const changeReview = (task, row, box, change) => {
  const mark = review.get(row) ?? unreviewed();
  change(mark);
  setReview(row, mark);
  tellReview();
  clearTimeout(savingReview);
  savingReview = setTimeout(saveReview, SAVE_AFTER);
  for (const other of document.querySelectorAll(`.review[data-case="${box.dataset.case}"]`)) {
    if (other !== box) other.replaceWith(drawReview(task, row, other.dataset.sides.split(" ").map(Number)));
  }
};

/** Takes over the review in the address, where it is not one that this page wrote. */
const recallReview = () => {
  const text = asked().get("review") ?? "";
  const isRead = !text || writtenReviews.has(text) || readReviewText(text);
  tellReview(isRead ? "" : "The review in the address is of other runs, and was left out.");
  if (isRead && (text || review.size)) saveReview();
};

const toggled = (button, isOn) => button.setAttribute("aria-pressed", String(isOn));

const drawVerdicts = (row, side, act) => {
  const { role, name: model } = headingOf(side);
  const name = role || plain(model);
  const group = el("span", "judge", data.sides.length > 1 ? el("span", "of", name) : "");
  group.role = "group";
  group.dataset.side = side;
  group.ariaLabel = `Your verdict on the answer ${name}`;
  const buttons = Object.values(VERDICTS).map((verdict) => {
    const button = el("button", verdict, verdict);
    button.type = "button";
    button.addEventListener("click", () => {
      act(({ verdicts }) => {
        if (verdicts[side] === verdict) delete verdicts[side];
        else verdicts[side] = verdict;
      });
      show();
    });
    return button;
  });
  const show = () => { for (const button of buttons) toggled(button, review.get(row)?.verdicts[side] === button.textContent); };
  show();
  group.append(...buttons);
  return group;
};

const drawField = (tag, label, value, limit, change) => {
  const field = el(tag);
  field.value = value;
  field.maxLength = limit;
  field.addEventListener("input", () => change(field.value));
  return el("label", "", el("span", "", label), field);
};

/** The controls of one case's review. */
const drawReview = (task, row, sides) => {
  const box = el("div", "review", el("span", "title", "Review"));
  Object.assign(box.dataset, { case: `${data.tasks.indexOf(task)} ${task.order.get(row)}`, sides: sides.join(" ") });
  const act = (change) => changeReview(task, row, box, change);
  const mark = review.get(row) ?? unreviewed();
  const star = el("button", "star");
  const showStar = (isOn) => { toggled(star, isOn); star.textContent = isOn ? "★ must pass" : "☆ must pass"; };
  star.type = "button";
  star.title = "harness task promote makes it a must-pass case of the task";
  star.addEventListener("click", () => act((found) => { found.star = !found.star; showStar(found.star); }));
  showStar(mark.star);
  const verdicts = sides.flatMap((side) => row[ANSWERS + side] ? [drawVerdicts(row, side, act)] : []);
  const more = el("details", "", el("summary", "", "Note and tags"));
  more.open = Boolean(mark.note || mark.tags.length);
  more.append(
    drawField("textarea", "Note", mark.note, LONGEST_NOTE, (text) => act((found) => { found.note = text; })),
    drawField("input", "Tags, with commas between", mark.tags.join(", "), MOST_TAGS * (LONGEST_TAG + 2), (text) => act((found) => { found.tags = tidyTags(text.split(",")); })),
  );
  box.append(...verdicts, star, more);
  return box;
};

/** The review of one case, in a few words. */
const reviewOfCase = (row) => {
  const mark = review.get(row);
  if (!mark) return "";
  const verdicts = Object.entries(mark.verdicts).map(([side, verdict]) => `${headingOf(Number(side)).role || data.sides[side].name} ${verdict}`);
  return [mark.star ? "★" : "", ...verdicts, ...mark.tags, mark.note.slice(0, 40)].filter(Boolean).join(", ");
};

/** Presses a button of the case that has the focus or stands alone; of verdicts, that of the pair's last answer. */
const pressReview = (selector) => {
  const box = document.querySelector(".alone:not([hidden]) .review") ?? document.activeElement.closest(".case")?.querySelector(".review");
  const side = [...pair].reverse().find((one) => box?.querySelector(`.judge[data-side="${one}"]`));
  box?.querySelector(selector === ".star" ? selector : `.judge[data-side="${side}"] ${selector}`)?.click();
};

/** Lets the bars save, link and load. */
const listenToReview = (redraw) => {
  for (const bar of reviewBars) {
    bar.hidden = false;
    bar.querySelector(".save").addEventListener("click", () => {
      const link = el("a");
      link.href = URL.createObjectURL(new Blob(reviewLines().map((line) => `${line}\n`), { type: "application/jsonl" }));
      link.download = `review-${data.sides[data.pair.at(-1)].run}.jsonl`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      tellReview(`${link.download} is read by harness task promote, mine and report, after --review.`);
    });
    bar.querySelector(".link").addEventListener("click", async () => {
      saveReview();
      tellReview((await copy(location.href)) ? "The link is copied." : "The link is the address of this page.");
    });
    bar.querySelector("input").addEventListener("change", async (event) => {
      const [file] = event.target.files;
      if (!file) return;
      const lines = [];
      let broken = 0;
      for (const line of (await file.text()).split("\n")) if (line.trim()) try { lines.push(JSON.parse(line)); } catch { broken += 1; }
      const left = addReview(lines) + broken;
      event.target.value = "";
      redraw();
      tellReview(left ? `${plural(left, "line")} of no answer on this page ${left === 1 ? "was" : "were"} left out.` : "");
      saveReview();
    });
  }
};
