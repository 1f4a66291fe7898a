/** One case: drawn with the difference of its answers, and exported as a line of JSON. */
const ANSWERS = 7;

/** The indexes in data.sides of the chosen pair, before and after, or of the only side. */
let pair = data.pair;

const headingsOf = () => pair.map((side, i) => ({
  ...data.sides[side],
  role: pair.length > 1 ? ["before", "after"][i] : "",
  className: pair.length > 1 && i === 0 ? "before" : "after",
}));

const answersOf = (row) => pair.map((side) => row[ANSWERS + side]);

/** The state of a case in the pair: the value of a Change; of one model alone, failing or passing. */
const stateOf = ({ names }, row) => {
  const said = answersOf(row).map((answer) => answer ? names[answer[1]] : null);
  if (said.every((word) => word === null)) return "";
  const isJudged = said.every((word) => word === null || word === "passes" || word === "fails");
  if (said.length === 1) return !isJudged ? "not judged" : said[0] === "passes" ? "passing" : "failing";
  if (said[0] === null) return "added";
  if (said[1] === null) return "removed";
  if (!isJudged) return "not judged";
  if (said[0] === said[1]) return said[0] === "passes" ? "still passing" : "still failing";
  return said[1] === "passes" ? "fixed" : "regressed";
};

const drawAnswer = ({ names, texts }, answer, { name, ref, role, className }, changed, tag) => {
  const box = el("div", `answer ${className}`);
  const called = el("span", "name", plain(name));
  called.title = plain(ref);
  const heading = el("h5", "", el("span", `key ${className}`), role ? el("span", "role", role) : "", " ", called);
  box.append(heading);
  if (!answer) return box.append(el("p", "note", "This side has no such case.")), box;
  const [text, verdict, findings = [], marks = [], cutBefore = 0, cutAfter = 0, isCutOff = 0, error = null] = answer;
  const tone = { passes: "good", "not judged": "none" }[names[verdict]] ?? "bad";
  heading.append(" ", el("span", `verdict ${tone}`, names[verdict]));
  if (cutBefore) box.append(el("p", "note", `… ${count(cutBefore)} characters before`));
  if (error !== null) box.append(el("p", "note", "No completion: ", ...visible(texts[error])));
  else if (texts[text]) {
    const isLong = texts[text].length > data.long[0] || texts[text].split("\n").length > data.long[1];
    const titled = marks.map(([start, end, behavior, code]) => [start, end, `${names[behavior]}: ${names[code]}`]);
    const raw = el("pre", isLong ? "raw long" : "raw", ...marked(texts[text], titled, { changed, tag }));
    if (isLong) raw.tabIndex = 0;
    box.append(raw);
  } else box.append(el("p", "note", "The completion is empty."));
  if (cutAfter) box.append(el("p", "note", `… ${count(cutAfter)} more characters`));
  if (isCutOff) box.append(el("p", "note", "Did not stop by itself: the token limit cut it off."));
  if (findings.length) {
    const items = findings.map(([behaviors, , code, reason]) =>
      el("li", "", el("code", "code", plain(names[code])), " ", el("b", "", plain(behaviors.map((b) => names[b]).join(", "))), " ", ...visible(texts[reason])));
    box.append(el("ul", "findings", ...items));
  }
  return box;
};

const titleOf = ({ name, names }, [id, repeat, , template, tags, , isNoisy]) => {
  const link = el("a", "", ...visible(id));
  link.href = `#${new URLSearchParams([["task", name], ["case", id], ...pairInAddress()])}`;
  const title = el("h4", "", link, repeat ? el("span", "repeat", `repeat ${repeat}`) : "");
  if (isNoisy) title.append(el("span", "noisy", "flips by itself"));
  for (const tag of tags) title.append(el("span", "tag", ...visible(names[tag])));
  if (names[template]) title.append(el("span", "tag", "wording ", ...visible(names[template])));
  return title;
};

const drawCase = (task, row) => {
  const { texts } = task;
  const [id, repeat, prompt, , , reference] = row;
  const answers = answersOf(row);
  const headings = headingsOf();
  const isCut = (answer) => !answer || (answer[7] ?? null) !== null || answer[4] || answer[5];
  const whole = answers.map((answer) => isCut(answer) ? null : texts[answer[0]]);
  const isPair = answers.length > 1 && answers.every(Boolean) && (answers[0][4] ?? 0) === (answers[1][4] ?? 0);
  const changed = isPair ? changesOf(texts[answers[0][0]], texts[answers[1][0]]) : [[], []];
  const near = answers.flatMap((answer, i) =>
    answer?.[8] ? [[...answer[8], `${headings[i].role || headings[i].name}: nearest to the ungrounded value`]] : []);
  const drawn = answers.map((answer, i) => drawAnswer(task, answer, headings[i], changed[i], isPair && i === 0 ? "del" : "ins"));
  const after = data.sides[pair.at(-1)];
  const replay = ["harness", "replay", after.run, id, "--task", task.name, ...(after.model ? ["--model", after.model] : []), ...(repeat ? ["--repeat", String(repeat)] : [])];
  return el("article", "case", titleOf(task, row),
    el("pre", "prompt", task.prefix ? el("span", "hint", "… ") : "", ...marked(texts[prompt], near, { className: "near" })), el("div", "answers", ...drawn),
    answers.length > 1 && whole[0] && whole[0] === whole[1] ? el("p", "note", "Both answers are the same, character by character.") : "",
    drawKeys(whole, reference === null ? "" : texts[reference], headings),
    el("p", "replay", el("code", "", ...visible(replay.map(quoted).join(" ")))));
};

/** The case as one line of JSON: the contents of the page, with the whole prompt. */
const exported = (task, row) => {
  const { names, texts } = task;
  const [id, repeat, prompt, template, tags, reference] = row;
  const headings = headingsOf();
  return JSON.stringify({
    task: task.name, case: id, repeat, state: stateOf(task, row), prompt: task.prefix + texts[prompt],
    template: names[template], tags: tags.map((tag) => names[tag]),
    reference: reference === null ? null : JSON.parse(texts[reference]),
    answers: answersOf(row).map((answer, i) => answer && {
      side: headings[i].role || headings[i].name, model: headings[i].ref, text: texts[answer[0]],
      verdict: names[answer[1]],
      findings: (answer[2] ?? []).map(([behaviors, , code, reason]) =>
        ({ behaviors: behaviors.map((b) => names[b]), code: names[code], reason: texts[reason] })),
    }),
  });
};
