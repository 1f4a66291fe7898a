/** Text of a model as nodes and strings that show its invisible characters. */
const data = JSON.parse(document.getElementById("data").textContent);
// Matches every run of blanks: a lookahead for the end of the line would take the square of a long run.
const HIDDEN = new RegExp(`( +)|(\\n+)|([${data.hidden}]+)`, "gu");

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

const symbols = (characters) => [...characters].map(symbol).join("");

/** A word quoted for a POSIX shell. */
const quoted = (word) => /^[\w.:/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The text as a string with every invisible character named, for attributes and titles. */
const plain = (text) => text.replace(HIDDEN, (match, blanks, lines) => blanks ?? (lines ? "↵".repeat(lines.length) : symbols(match)));

/** The text as nodes: newlines, blanks at a line's end and invisible characters are shown. */
const visible = (text, following = "") => {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(HIDDEN)) {
    const end = match.index + match[0].length;
    const next = end < text.length ? text[end] : following;
    if (match[1] && next && next !== "\n") continue;
    if (match.index > at) nodes.push(text.slice(at, match.index));
    if (match[1]) nodes.push(el("i", "ch", "·".repeat(match[1].length)));
    else if (match[2]) nodes.push(el("i", "ch", Array(match[2].length).fill("↵").join("\n")), "\n");
    else nodes.push(el("i", "ch", symbols(match[3])));
    at = end;
  }
  nodes.push(text.slice(at));
  return nodes;
};

/**
 * The text as nodes with its marks in <mark>, each with a title, and its changes in elements named
 * `tag`. A mark is [start, end, title], a change [start, end].
 */
const marked = (text, marks, { changed = [], tag = "ins", className = "m" } = {}) => {
  const cuts = new Set([0, text.length]);
  for (const [start, end] of [...marks, ...changed]) cuts.add(start).add(end);
  const edges = [...cuts].sort((a, b) => a - b);
  const wrap = (nodes, found, classes) => {
    if (!found.length) return nodes;
    const mark = el("mark", classes, ...nodes);
    mark.title = plain([...new Set(found.map((m) => m[2]))].join("; "));
    return [mark];
  };
  let at = 0;
  return edges.flatMap((start, i) => {
    const end = i + 1 < edges.length ? edges[i + 1] : text.length;
    const points = marks.filter((m) => m[0] === start && m[1] === start);
    const covering = marks.filter((m) => m[0] <= start && end <= m[1] && m[0] < m[1]);
    const nodes = start < end ? visible(text.slice(start, end), text.slice(end, end + 1)) : [];
    const inner = nodes.length ? wrap(nodes, covering, className) : [];
    while (at < changed.length && changed[at][1] <= start) at += 1;
    const isChanged = start < end && at < changed.length && changed[at][0] <= start;
    return [...wrap([], points, `${className} point`), ...(isChanged ? [el(tag, "", ...inner)] : inner)];
  });
};
