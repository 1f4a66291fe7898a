/** The certainty of tokens: marks in an answer, the least certain ones, and where two models part. */

// Spans that are marked in one answer: more would make the page slow, and say nothing.
const MOST_DOUBTS = 300;
const LISTED = 5;

/** { marked, runnerUps, tasks }, read when it is first asked for; null where the runs kept none. */
const tokenData = (() => {
  const place = document.getElementById("tokens");
  let read = null;
  return () => {
    if (place && !read) {
      read = JSON.parse(place.textContent);
      read.found = read.tasks.map((answers) => new Map(answers.map((answer) => [`${answer[0]} ${answer[1]}`, answer])));
    }
    return read;
  };
})();
const hasTokens = Boolean(document.getElementById("tokens"));

/** True while certainty takes the place of marks and differences. */
let isCertain = false;
const recallCertainty = () => {
  isCertain = hasTokens && asked().get("certainty") === "on";
  for (const button of document.querySelectorAll("button.certainty")) button.ariaPressed = String(isCertain);
};

const packedOf = (task, row, side) => {
  const read = tokenData();
  return read?.found[data.tasks.indexOf(task)]?.get(`${task.order.get(row)} ${side}`) ?? null;
};

/** [start, end, doubt, runner-up, its doubt] of each span of an answer; null where the page has none. */
const spansOf = (task, row, side) => {
  const packed = packedOf(task, row, side);
  if (!packed) return null;
  const { marked: least, runnerUps } = tokenData();
  const [, , lengths, doubts, others] = packed;
  let [at, next] = [0, 0];
  return Array.from(lengths, (length, i) => {
    const [start, doubt] = [at, doubts.charCodeAt(i) - 48];
    at += length.charCodeAt(0) - 48;
    const other = doubt >= least ? [runnerUps[others[next]], others[next + 1]] : [];
    if (doubt >= least) next += 2;
    return [start, at, doubt, ...other];
  });
};

/** The mean probability of an answer's tokens in hundredths, and the most doubt; null where unknown. */
const certaintyOf = (task, row, side) => {
  const packed = packedOf(task, row, side);
  return packed && { mean: packed[5], least: 100 - Math.max(...Array.from(packed[3], (c) => c.charCodeAt(0) - 48)) };
};

const shownCertainty = (hundredths) => hundredths === undefined ? "" : probability(100 - hundredths);
const probability = (doubt) => doubt <= 0 ? "over 0.99" : doubt >= 100 ? "under 0.01" : (1 - doubt / 100).toFixed(2);
/** A token as code, its blanks as dots wherever they are. */
const quotedToken = (text) => el("code", "",
  ...text.split(/( +)/).flatMap((part, i) => i % 2 ? [el("i", "ch", "·".repeat(part.length))] : part ? visible(part) : []));
const tokenOf = (text, [start, end]) => start === end ? "the end" : text.slice(start, end);
const drawToken = (text, span) => span[0] === span[1] ? "the end" : quotedToken(text.slice(span[0], span[1]));
const titled = (text, span) => `${plain(tokenOf(text, span))} ${probability(span[2])}, runner-up ${plain(span[3])} ${probability(span[4])}`;

/** The spans that are marked: of many, the least certain. */
const doubtsOf = (spans) => {
  const found = spans.filter((span) => span[3] !== undefined);
  if (found.length <= MOST_DOUBTS) return found;
  return found.sort((a, b) => b[2] - a[2]).slice(0, MOST_DOUBTS).sort((a, b) => a[0] - b[0]);
};

/** The text of an answer as nodes, in which uncertain spans are marked; `place` is where the models part. */
const withDoubts = (text, spans, place = -1) => {
  const blocks = blocksOf(text);
  const stretches = [];
  let at = 0;
  const unmarked = (to) => {
    for (const end of [...blocks.filter((block) => at < block && block < to), to]) {
      stretches.push([at, visible(text.slice(at, end), text.slice(end, end + 1))]);
      at = end;
    }
  };
  const marks = new Map(doubtsOf(spans).map((span) => [span[0], span]));
  const parts = spans.find((span) => span[0] === place && span[1] > place);
  if (parts && !marks.has(place)) marks.set(place, parts);
  for (const [start, span] of [...marks].sort(([a], [b]) => a - b)) {
    if (span[0] === span[1]) continue;
    if (start > at) unmarked(start);
    const level = span[3] === undefined ? "" : span[2] >= 70 ? "doubt d3" : span[2] >= 40 ? "doubt d2" : "doubt d1";
    const mark = el("span", `${level}${start === place ? " part" : ""}`.trim(), ...visible(text.slice(start, span[1]), text.slice(span[1], span[1] + 1)));
    mark.title = span[3] === undefined ? probability(span[2]) : titled(text, span);
    mark.tabIndex = -1;
    mark.dataset.start = start;
    stretches.push([start, [mark]]);
    at = span[1];
  }
  unmarked(text.length);
  return inBlocks(stretches, blocks);
};

/** The least certain spans as buttons, each of which leads to its place in `raw`. */
const drawDoubts = (text, spans, raw) => {
  const found = spans.filter((span) => span[3] !== undefined).sort((a, b) => b[2] - a[2]);
  if (!found.length) return el("p", "note", "Every token has a probability over 0.9.");
  const shown = found.slice(0, LISTED).map((span) => {
    const button = el("button", "", drawToken(text, span), ` ${probability(span[2])}, runner-up `, quotedToken(span[3]), ` ${probability(span[4])}`);
    button.type = "button";
    button.disabled = span[0] === span[1];
    button.addEventListener("click", () => raw.querySelector(`[data-start="${span[0]}"]`)?.focus());
    return button;
  });
  const more = found.length - shown.length;
  const box = el("div", "doubts", "Least certain", ...shown, more > 0 ? `and ${plural(more, "more token")}` : "");
  return Object.assign(box, { role: "group", ariaLabel: "Least certain tokens" });
};

/**
 * [span before, span after] where two answers part: after the last place that is between two spans in both, with
 * equal text before it. Null of equal texts, and where one has no span there, which the token limit cut off.
 */
const partingOf = (before, after) => {
  if (!before.spans || !after.spans || before.text === after.text) return null;
  const most = Math.min(before.text.length, after.text.length);
  let alike = 0;
  while (alike < most && before.text[alike] === after.text[alike]) alike += 1;
  const places = new Map(before.spans.map((span) => [span[0], span]));
  let found = null;
  for (const span of after.spans) if (span[0] <= alike && places.has(span[0])) found = [places.get(span[0]), span];
  if (found && !found.every(([start, end]) => start < end || start >= alike)) return null;
  const [left, right] = [before.text, after.text].map((text, i) => found && text.slice(found[i][0], found[i][1]));
  return found && left !== right ? found : null;
};

/** Text and spans of an answer that is there from its beginning; null where it is not. */
const wholeOf = (task, row, side) => {
  const answer = row[ANSWERS + side];
  if (!answer || answer[4] || (answer[7] ?? null) !== null) return null;
  return { text: task.texts[answer[0]], spans: spansOf(task, row, side) };
};
const partingOfPair = (task, row) => {
  if (!hasTokens || pair.length < 2) return null;
  const [before, after] = pair.map((side) => wholeOf(task, row, side));
  const found = before && after && partingOf(before, after);
  return found && found.map((span, i) => ({ span, text: [before, after][i].text }));
};

/** A line about the tokens at which the pair's answers part; "" where they do not. */
const drawParting = (task, row) => {
  const found = partingOfPair(task, row);
  if (!found) return "";
  const said = found.flatMap(({ span, text }, i) =>
    [i ? ", " : "", el("b", "", plain(data.sides[pair[i]].name)), " ", drawToken(text, span), ` ${probability(span[2])}`]);
  return el("p", "parting", "Here the models part: ", ...said);
};

/** An answer in `raw` with its certainty in place of `marked`, which makes the nodes with its marks, and what is said below. */
const withCertainty = (task, row, side, raw, marked) => {
  const spans = isCertain ? spansOf(task, row, side) : null;
  const text = task.texts[row[ANSWERS + side][0]];
  raw.append(...(spans ? withDoubts(text, spans, partingOfPair(task, row)?.[pair.indexOf(side)]?.span[0]) : marked()));
  if (spans) return drawDoubts(text, spans, raw);
  return isCertain ? el("p", "note", "The page has no probabilities of this answer.") : "";
};

/** Makes the buttons turn certainty on and off; `changed` draws the page anew. */
const listenToCertainty = (changed) => {
  if (!hasTokens) return;
  for (const button of document.querySelectorAll("button.certainty")) {
    button.disabled = false;
    button.addEventListener("click", () => {
      remember({ certainty: isCertain ? "" : "on" });
      changed();
    });
  }
  const { answers, leftOut } = tokenData();
  const said = leftOut ? ` The page has room for ${count(answers)} of ${plural(answers + leftOut, "answer")}, those of cases that changed or fail first; samples.jsonl has all.` : "";
  for (const legend of document.querySelectorAll(".certain")) {
    legend.hidden = false;
    legend.querySelector(".left").textContent = said;
  }
};
