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

// An answer may be ten thousand of the same few.
const knownSymbols = new Map();
const symbols = (characters) => {
  let shown = "";
  for (const character of characters) {
    if (!knownSymbols.has(character)) knownSymbols.set(character, symbol(character));
    shown += knownSymbols.get(character);
  }
  return shown;
};

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

// Characters that a block has room for, where a line has 40 and an invisible character is shown by 8.
const BLOCK = 4_000;
const LINE = 40;
const NAME = 8;
const UNSEEN = new RegExp(`\\n|[${data.hidden}]`, "gu");
/**
 * The places at which a long text is cut into blocks, of which a browser lays out those in view alone: after a newline,
 * so that a selection has no newline more, or a character that is shown by its name, as a selection of it has the name.
 */
const blocksOf = (text) => {
  const found = [];
  let left = BLOCK;
  for (const { 0: character, index } of text.matchAll(UNSEEN)) {
    left -= character === "\n" ? LINE : NAME;
    if (left > 0) continue;
    found.push(index + character.length);
    left = BLOCK;
  }
  return found.filter((place) => place < text.length);
};

/** Nodes of stretches of a text, each [start, nodes], as the nodes of its blocks. */
const inBlocks = (stretches, blocks) => {
  const starts = new Set(blocks);
  const found = [[]];
  for (const [start, nodes] of stretches) {
    if (starts.has(start)) found.push([]);
    found.at(-1).push(...nodes);
  }
  return blocks.length ? found.map((nodes) => el("span", "lines", ...nodes)) : found[0];
};

/**
 * The text as nodes with its marks in <mark>, each with a title, and its changes in elements named
 * `tag`. A mark is [start, end, title], a change [start, end]. With `hasBlocks` nothing may stand beside them.
 */
const marked = (text, marks, { changed = [], tag = "ins", className = "m", hasBlocks = false } = {}) => {
  const blocks = hasBlocks ? blocksOf(text) : [];
  const cuts = new Set([0, text.length, ...blocks]);
  for (const [start, end] of [...marks, ...changed]) cuts.add(start).add(end);
  const edges = [...cuts].sort((a, b) => a - b);
  const wrap = (nodes, found, classes) => {
    if (!found.length) return nodes;
    const mark = el("mark", classes, ...nodes);
    mark.title = plain([...new Set(found.map((m) => m[2]))].join("; "));
    return [mark];
  };
  let at = 0;
  return inBlocks(edges.map((start, i) => {
    const end = i + 1 < edges.length ? edges[i + 1] : text.length;
    const points = marks.filter((m) => m[0] === start && m[1] === start);
    const covering = marks.filter((m) => m[0] <= start && end <= m[1] && m[0] < m[1]);
    const nodes = start < end ? visible(text.slice(start, end), text.slice(end, end + 1)) : [];
    const inner = nodes.length ? wrap(nodes, covering, className) : [];
    while (at < changed.length && changed[at][1] <= start) at += 1;
    const isChanged = start < end && at < changed.length && changed[at][0] <= start;
    return [start, [...wrap([], points, `${className} point`), ...(isChanged ? [el(tag, "", ...inner)] : inner)]];
  }), blocks);
};
