/** One case: drawn with the difference of its answers, and exported as a line of JSON. */
const headingOf = (side) => {
  const role = pair.length > 1 ? ROLES[pair.indexOf(side)] ?? "" : "";
  return { ...data.sides[side], side, role, className: role || (pair.includes(side) ? "after" : "other") };
};
const headingsOf = () => pair.map(headingOf);

const drawAnswer = (task, row, { side, name, ref, role, className }, changed, tag) => {
  const { names, texts } = task;
  const answer = row[ANSWERS + side];
  const box = el("div", `answer ${className}`);
  const called = el("span", "name", plain(name));
  called.title = plain(ref);
  const heading = el("h5", "", el("span", `key ${className}`), role ? el("span", "role", role) : "", " ", called);
  box.append(heading);
  if (!answer) return box.append(el("p", "note", "This side has no such case.")), box;
  const [text, , findings = [], marks = [], cutBefore = 0, cutAfter = 0, isCutOff = 0, error = null] = answer;
  const [label, tone] = labelOf(task, row, side);
  heading.append(" ", el("span", `verdict ${tone}`, plain(label)));
  if (cutBefore) box.append(el("p", "note", `… ${count(cutBefore)} characters before`));
  if (error !== null) box.append(el("p", "note", "No completion: ", ...visible(texts[error])));
  else if (texts[text]) {
    const isLong = texts[text].length > data.long[0] || texts[text].split("\n").length > data.long[1];
    const titled = marks.map(([start, end, behavior, code]) => [start, end, `${names[behavior]}: ${names[code]}`]);
    const raw = el("pre", isLong ? "raw long" : "raw");
    const below = withCertainty(task, row, side, raw, () => marked(texts[text], titled, { changed, tag, hasBlocks: true }));
    if (isLong) raw.tabIndex = 0;
    box.append(raw, below);
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

/** Cases that have the same id: answers to repeats, and to another prompt. */
const twinsOf = (task, [id]) => {
  if (!task.twins) {
    task.twins = new Map();
    for (const row of task.cases) task.twins.get(row[0])?.push(row) ?? task.twins.set(row[0], [row]);
  }
  return task.twins.get(id) ?? [];
};
/** The names and values that lead to one case alone. */
const addressOfCase = (task, row) => ({ task: task.name, case: row[0], nth: twinsOf(task, row).indexOf(row) || "" });

const titleOf = (task, row) => {
  const { names } = task;
  const [id, repeat, , template, tags, , isNoisy] = row;
  const link = el("a", "", ...visible(id));
  link.href = addressWith(addressOfCase(task, row));
  link.dataset.case = task.order.get(row);
  const title = el("h4", "", link, repeat ? el("span", "repeat", `repeat ${repeat}`) : "");
  if (isNoisy) title.append(el("span", "noisy", "flips by itself"));
  for (const tag of tags) title.append(el("span", "tag", ...visible(names[tag])));
  if (names[template]) title.append(el("span", "tag", "wording ", ...visible(names[template])));
  return title;
};

/** [start, end, title] of what the prompt has nearest to the answers' ungrounded values. */
const nearestOf = (row, headings) => headings.flatMap(({ side, role, name }) => {
  const near = row[ANSWERS + side]?.[8];
  return near ? [[...near, `${role || name}: nearest to the ungrounded value`]] : [];
});

/** The name of the format of a case's answers, and the delimiter of CSV. */
const formatOf = (task, row) => task.formats.get(task.order.get(row)) ?? task.format;

/** The characters of a case's prompt that the page leaves out at its end. */
const cutOf = (task, row) => task.cut.get(task.order.get(row)) ?? 0;
const drawCut = (task, row) => cutOf(task, row) ? el("span", "hint", ` … ${count(cutOf(task, row))} more characters`) : "";

const drawPrompt = (task, row, headings) =>
  el("pre", "prompt", task.prefix ? el("span", "hint", "… ") : "",
    ...marked(task.texts[row[2]], nearestOf(row, headings), { className: "near" }), drawCut(task, row));

/** The whole prompt, message by message. */
const drawMessages = (task, row, headings) => {
  const whole = task.prefix + task.texts[row[2]];
  const near = nearestOf(row, headings).map(([start, end, title]) => [start + task.prefix.length, end + task.prefix.length, title]);
  const lengths = task.messages[row[2]] ?? [null, whole.length];
  const drawn = [];
  for (let i = 0, at = 0; i < lengths.length && at < whole.length; i += 2) {
    const role = lengths[i] === null ? "user" : task.names[lengths[i]];
    const start = lengths[i] === null ? 0 : at + role.length + 3;
    const isLast = i + 2 >= lengths.length;
    const content = isLast ? whole.slice(start) : whole.slice(start, start + lengths[i + 1]);
    const marks = near.map(([from, to, title]) => [Math.max(0, from - start), Math.min(content.length, to - start), title])
      .filter(([from, to]) => from < to);
    drawn.push(el("div", "message", el("h5", "", plain(role)), el("pre", "prompt", ...marked(content, marks, { className: "near" }))));
    at = start + content.length + 2;
  }
  drawn.at(-1)?.querySelector("pre").append(drawCut(task, row));
  return el("div", "messages", ...drawn);
};

const replayOf = (task, row, { run, model }) => ["harness", "replay", run, row[0], "--task", task.name,
  ...(model ? ["--model", model] : []), ...(row[1] ? ["--repeat", String(row[1])] : [])].map(quoted).join(" ");

/** A case: the pair's answers, or the answers of all models and the whole prompt where it stands alone. */
const drawCase = (task, row, isAlone = false) => {
  const { texts } = task;
  const others = isAlone ? data.sides.flatMap((_, side) => pair.includes(side) ? [] : [side]) : [];
  const headings = [...pair, ...others].map(headingOf);
  const answers = headings.map(({ side }) => row[ANSWERS + side]);
  const isCut = (answer) => !answer || (answer[7] ?? null) !== null || answer[4] || answer[5];
  const whole = answers.map((answer) => isCut(answer) ? null : texts[answer[0]]);
  const [one, other] = answers;
  const isPair = pair.length > 1 && one && other && (one[4] ?? 0) === (other[4] ?? 0);
  const changed = isPair ? changesOf(texts[one[0]], texts[other[0]]) : [];
  const drawn = headings.map((heading, i) => drawAnswer(task, row, heading, changed[i] ?? [], isPair && i === 0 ? "del" : "ins"));
  return el("article", "case", titleOf(task, row),
    (isAlone ? drawMessages : drawPrompt)(task, row, headings), el("div", "answers", ...drawn), drawParting(task, row),
    pair.length > 1 && whole[0] && whole[0] === whole[1] ? el("p", "note", `${others.length ? "The answers before and after" : "Both answers"} are the same, character by character.`) : "",
    drawKeys(whole, row[5] === null || isRuled(row) ? "" : texts[row[5]], headings, formatOf(task, row), rulingsOf(task, answers)),
    el("p", "replay", el("code", "", ...visible(replayOf(task, row, data.sides[pair.at(-1)])))),
    drawCopies(task, row, headings), drawReview(task, row, headings.map(({ side }) => side)));
};

/** The case as one line of JSON: what the page has of it, and the number of characters that it leaves out. */
const exported = (task, row) => {
  const { names, texts } = task;
  const [id, repeat, prompt, template, tags, reference] = row;
  const headings = headingsOf();
  return JSON.stringify({
    task: task.name, case: id, repeat, state: stateOf(task, row), prompt: task.prefix + texts[prompt], prompt_cut: cutOf(task, row),
    template: names[template], tags: tags.map((tag) => names[tag]),
    reference: reference === null ? null : JSON.parse(texts[reference]),
    answers: answersOf(row).map((answer, i) => answer && {
      side: headings[i].role || headings[i].name, model: headings[i].ref, text: texts[answer[0]],
      cut_before: answer[4] ?? 0, cut_after: answer[5] ?? 0, verdict: names[answer[1]],
      findings: (answer[2] ?? []).map(([behaviors, , code, reason]) =>
        ({ behaviors: behaviors.map((b) => names[b]), code: names[code], reason: texts[reason] })),
    }),
  });
};
