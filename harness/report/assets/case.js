/** One case: drawn as the template draws it, and as a line of JSON. */
const drawAnswer = ({ names, texts }, answer, { label, className }) => {
  const box = el("div", `answer ${className}`);
  const heading = el("h5", "", el("span", `key ${className}`), el("span", "role", plain(label)));
  box.append(heading);
  if (!answer) return box.append(el("p", "note", "This side has no such case.")), box;
  const [text, verdict, findings = [], marks = [], cutBefore = 0, cutAfter = 0, isCutOff = 0, error = null] = answer;
  const tone = { passes: "good", "not judged": "none" }[names[verdict]] ?? "bad";
  heading.append(el("span", `verdict ${tone}`, names[verdict]));
  if (cutBefore) box.append(el("p", "note", `… ${count(cutBefore)} characters before`));
  if (error !== null) box.append(el("p", "note", "No completion: ", ...visible(texts[error])));
  else if (texts[text]) {
    const isLong = texts[text].length > data.long[0] || texts[text].split("\n").length > data.long[1];
    const raw = el("pre", isLong ? "raw long" : "raw", ...marked(texts[text], marks, names));
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

const drawCase = (task, [id, repeat, , prompt, template, tags, ...answers]) => {
  const { names, texts, labels } = task;
  const headings = labels.map((label, i) => ({ label, className: labels.length > 1 && i === 0 ? "before" : "after" }));
  const link = el("a", "", ...visible(id));
  link.href = `#${new URLSearchParams({ task: task.name, case: id })}`;
  const title = el("h4", "", link, repeat ? el("span", "repeat", `repeat ${repeat}`) : "");
  for (const tag of tags) title.append(el("span", "tag", ...visible(names[tag])));
  if (names[template]) title.append(el("span", "tag", "wording ", ...visible(names[template])));
  const command = ["harness", "replay", data.run, id, "--task", task.name].map(quoted).join(" ");
  return el("article", "case", title, el("pre", "prompt", ...visible(texts[prompt])),
    el("div", "answers", ...answers.map((answer, i) => drawAnswer(task, answer, headings[i]))),
    el("p", "replay", el("code", "", ...visible(command))));
};

/** The case as one line of JSON: what the page shows of it, with the prompt whole. */
const exported = (task, [id, repeat, state, prompt, template, tags, ...answers]) => {
  const { names, texts } = task;
  return JSON.stringify({
  task: task.name, case: id, repeat, state: names[state], prompt: task.prefix + texts[prompt],
  template: names[template], tags: tags.map((tag) => names[tag]),
  answers: answers.map((answer, i) => answer && {
    side: task.labels[i], text: texts[answer[0]],
    findings: (answer[2] ?? []).map(([behaviors, , code, reason]) =>
      ({ behaviors: behaviors.map((b) => names[b]), code: names[code], reason: texts[reason] })),
  }),
  });
};
