"use strict";
(() => {
  const STEP = 20;
  const data = JSON.parse(document.getElementById("data").textContent);
  const HIDDEN = new RegExp(`( +)(?=\\n|$)|(\\n)|([${data.hidden}])`, "gu");

  const el = (tag, className, ...children) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.append(...children.filter((child) => child !== null && child !== ""));
    return node;
  };
  const count = (number) => number.toLocaleString("en-US");

  const symbol = (character) => {
    const code = character.codePointAt(0);
    if (code < data.controls.length) return `⟨${data.controls[code]}⟩`;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  };

  /** A word of a shell's command, whatever is in it. */
  const quoted = (word) => /^[\w.:/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

  /** The text as a string in which nothing is hidden, for where there can be no nodes. */
  const plain = (text) => text.replace(HIDDEN, (match, blanks) => blanks ?? (match === "\n" ? "↵" : symbol(match)));

  /** The text as nodes: newlines, blanks at a line's end and invisible characters are shown. */
  const visible = (text, following = "") => {
    const nodes = [];
    let at = 0;
    for (const match of text.matchAll(HIDDEN)) {
      const end = match.index + match[0].length;
      if (match[1] && end === text.length && following && following !== "\n") break;
      if (match.index > at) nodes.push(text.slice(at, match.index));
      if (match[1]) nodes.push(el("i", "ch", "·".repeat(match[1].length)));
      else if (match[2]) nodes.push(el("i", "ch", "↵"), "\n");
      else nodes.push(el("i", "ch", symbol(match[3])));
      at = end;
    }
    nodes.push(text.slice(at));
    return nodes;
  };

  /** The text as nodes with the failing places in <mark>, each naming who failed there. */
  const marked = (text, marks, names) => {
    const cuts = new Set([0, text.length]);
    for (const [start, end] of marks) cuts.add(start).add(end);
    const edges = [...cuts].sort((a, b) => a - b);
    const wrap = (nodes, found, className) => {
      if (!found.length) return nodes;
      const mark = el("mark", className, ...nodes);
      mark.title = plain([...new Set(found.map((m) => `${names[m[2]]}: ${names[m[3]]}`))].join("; "));
      return [mark];
    };
    return edges.flatMap((start, i) => {
      const end = i + 1 < edges.length ? edges[i + 1] : text.length;
      const points = marks.filter((m) => m[0] === start && m[1] === start);
      const covering = marks.filter((m) => m[0] <= start && end <= m[1] && m[0] < m[1]);
      const inner = start < end ? visible(text.slice(start, end), text.slice(end, end + 1)) : [];
      return [...wrap([], points, "m point"), ...(inner.length ? wrap(inner, covering, "m") : [])];
    });
  };

  const setUp = (task, index) => {
    if (!task.cases.length) return null;
    const { names, texts, labels } = task;
    const places = new Map(names.map((name, place) => [name, place]));
    const within = (selector) =>
      [...document.querySelectorAll(selector)].filter((n) => n.dataset.task === String(index));
    const [form] = within(".filter");
    const codeButtons = within("button.code");
    const headings = labels.map((label, i) => ({ label, className: labels.length > 1 && i === 0 ? "before" : "after" }));
    const lowered = new Map();
    const lower = (place) => {
      if (!lowered.has(place)) lowered.set(place, texts[place].toLowerCase());
      return lowered.get(place);
    };

    const drawAnswer = (answer, { label, className }) => {
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

    const drawCase = ([id, repeat, , prompt, template, tags, ...answers]) => {
      const link = el("a", "", ...visible(id));
      link.href = `#${new URLSearchParams({ task: task.name, case: id })}`;
      const title = el("h4", "", link, repeat ? el("span", "repeat", `repeat ${repeat}`) : "");
      for (const tag of tags) title.append(el("span", "tag", ...visible(names[tag])));
      if (names[template]) title.append(el("span", "tag", "wording ", ...visible(names[template])));
      const command = ["harness", "replay", data.run, id, "--task", task.name].map(quoted).join(" ");
      return el("article", "case", title, el("pre", "prompt", ...visible(texts[prompt])),
        el("div", "answers", ...answers.map((answer, i) => drawAnswer(answer, headings[i]))),
        el("p", "replay", el("code", "", ...visible(command))));
    };

    /** The case as one line of JSON: what the page shows of it, with the prompt whole. */
    const exported = ([id, repeat, state, prompt, template, tags, ...answers]) => JSON.stringify({
      task: task.name, case: id, repeat, state: names[state], prompt: task.prefix + texts[prompt],
      template: names[template], tags: tags.map((tag) => names[tag]),
      answers: answers.map((answer, i) => answer && {
        side: task.labels[i], text: texts[answer[0]],
        findings: (answer[2] ?? []).map(([behaviors, , code, reason]) =>
          ({ behaviors: behaviors.map((b) => names[b]), code: names[code], reason: texts[reason] })),
      }),
    });

    const buckets = within(".bucket").map((box) => ({
      box,
      list: box.querySelector(".list"),
      tally: box.querySelector(".tally"),
      states: new Set(box.dataset.states.split("|").map((state) => places.get(state))),
      cases: [],
      drawn: 0,
    }));

    const drawMore = (bucket) => {
      const from = bucket.drawn;
      const next = bucket.cases.slice(from, from + STEP);
      bucket.drawn += next.length;
      bucket.list.querySelector(".more")?.remove();
      bucket.list.append(...next.map(drawCase));
      const left = bucket.cases.length - bucket.drawn;
      if (left <= 0) return;
      const more = el("button", "more", `Show ${Math.min(STEP, left)} of ${count(left)} more`);
      more.type = "button";
      more.addEventListener("click", () => {
        drawMore(bucket);
        const first = bucket.list.children[from + STEP]?.querySelector("a");
        first?.focus();
      });
      bucket.list.append(more);
    };
    const draw = (bucket) => {
      bucket.list.replaceChildren();
      bucket.drawn = 0;
      if (!bucket.cases.length) bucket.list.append(el("p", "note", "None."));
      else drawMore(bucket);
    };

    const matches = (wanted) => (row) => {
      const answers = row.slice(6);
      const has = (isFound) => answers.some((a) => (a?.[2] ?? []).some(isFound));
      if (wanted.case && row[0] !== wanted.case) return false;
      if (wanted.code && !has((f) => f[2] === places.get(wanted.code))) return false;
      if (wanted.behavior && !has((f) => f[0].includes(places.get(wanted.behavior)))) return false;
      if (wanted.tag && !row[5].includes(places.get(wanted.tag))) return false;
      if (!wanted.text) return true;
      return row[0].toLowerCase().includes(wanted.text) || lower(row[3]).includes(wanted.text) ||
        answers.some((a) => a && lower(a[0]).includes(wanted.text));
    };

    let oneCase = "";
    let shown = task.cases;
    const apply = () => {
      const fields = new FormData(form);
      const wanted = {
        text: fields.get("text").trim().toLowerCase(),
        code: fields.get("code"), behavior: fields.get("behavior"), tag: fields.get("tag"), case: oneCase,
      };
      const isFiltered = Object.values(wanted).some(Boolean);
      const found = isFiltered ? task.cases.filter(matches(wanted)) : task.cases;
      for (const bucket of buckets) {
        bucket.cases = found.filter((row) => bucket.states.has(row[2]));
        bucket.tally.textContent = count(bucket.cases.length);
        if (isFiltered && found.length <= STEP) bucket.box.open = bucket.cases.length > 0;
        if (bucket.box.open) draw(bucket);
        else bucket.list.replaceChildren();
      }
      shown = found;
      form.querySelector(".count").textContent = isFiltered ? `${count(found.length)} of ${count(task.cases.length)} cases` : "";
      return wanted;
    };

    const remember = (wanted) => {
      const kept = Object.entries(wanted).filter(([, value]) => value);
      const hash = kept.length ? `#${new URLSearchParams([["task", task.name], ...kept])}` : location.pathname + location.search;
      history.replaceState(null, "", hash);
    };
    const change = () => { oneCase = ""; remember(apply()); };

    const fill = (name, values) => {
      const select = form.elements[name];
      for (const value of [...values].sort()) {
        const option = el("option", "", plain(value));
        option.value = value;
        select.append(option);
      }
      if (!values.size) select.closest("label").hidden = true;
    };
    const used = { code: new Set(), behavior: new Set(), tag: new Set() };
    for (const row of task.cases) {
      for (const tag of row[5]) used.tag.add(names[tag]);
      for (const answer of row.slice(6)) for (const finding of answer?.[2] ?? []) {
        for (const behavior of finding[0]) used.behavior.add(names[behavior]);
        used.code.add(names[finding[2]]);
      }
    }
    for (const [name, values] of Object.entries(used)) fill(name, values);

    let waiting = 0;
    form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(change, 60); });
    form.querySelector(".export").addEventListener("click", () => {
      const lines = new Blob(shown.map((row) => `${exported(row)}\n`), { type: "application/jsonl" });
      const link = el("a");
      link.href = URL.createObjectURL(lines);
      link.download = `${data.run}.${task.name}.jsonl`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(change));
    for (const button of codeButtons) {
      button.disabled = false;
      button.addEventListener("click", () => {
        form.elements.code.value = button.dataset.code;
        change();
        form.scrollIntoView({ block: "start" });
      });
    }
    for (const bucket of buckets) {
      bucket.box.addEventListener("toggle", () => {
        if (bucket.box.open && !bucket.drawn) draw(bucket);
      });
    }
    form.hidden = false;
    const recall = () => {
      const asked = new URLSearchParams(location.hash.slice(1));
      if (asked.get("task") !== task.name) return apply();
      for (const name of ["text", "code", "behavior", "tag"]) form.elements[name].value = asked.get(name) ?? "";
      oneCase = asked.get("case") ?? "";
      apply();
      if (oneCase) form.scrollIntoView({ block: "start" });
    };
    recall();
    addEventListener("hashchange", recall);
    return form;
  };

  const forms = data.tasks.map(setUp).filter(Boolean);
  addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, select, textarea");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    forms[0]?.elements.text.focus();
  });
})();
