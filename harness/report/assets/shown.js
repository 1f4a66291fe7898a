/** A model's text as nodes and strings in which nothing is hidden. */
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
