/** The difference of two texts: by words first, then by the characters of replaced words. */
// Comparisons of one search, words and characters together; when they are spent, the rest is one difference.
const MAX_STEPS = 120_000;
// The share of equal characters from which two replaced words are compared by characters.
const MIN_ALIKE = 0.5;
// Equal text shorter than this and than the differences on both sides counts as a coincidence.
const SHORTEST_ALIKE = 4;
// Share of the longer text; where less is equal, nothing is marked, as everything would be.
const MIN_SHARED = 0.2;
const TOKEN = /[0-9A-Za-z_\u0080-\u{10ffff}]+| +|[^]/gu;

/** A stretch of both texts; isAlike where they are equal. */
const stretch = (before, after) => ({ before, after, isAlike: before === after });
const lengthOf = (text) => { let length = text.length; for (const c of text) length -= c.length - 1; return length; };
const longest = ({ before, after }) => Math.max(lengthOf(before), lengthOf(after));

/** The numbers of items that both begin with and that both end with. */
const endsOf = (before, after) => {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return [head, tail];
};

const stepTo = (furthest, diagonal, edits) => {
  const below = furthest.get(diagonal + 1) ?? -1;
  const above = furthest.get(diagonal - 1) ?? -1;
  const isDown = diagonal === -edits || (diagonal !== edits && above < below);
  return { isDown, from: isDown ? below : above, place: isDown ? below : above + 1 };
};

/**
 * The common runs as [index before, index after, length]; none where the search takes too long.
 * The shortest edit script after E. W. Myers, "An O(ND) Difference Algorithm and Its Variations",
 * Algorithmica 1 (1986).
 */
const alikeIn = (before, after, budget) => {
  let furthest = new Map([[1, 0]]);
  const rounds = [];
  for (let edits = 0; edits <= before.length + after.length; edits += 1) {
    const reached = new Map();
    rounds.push(furthest);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const start = stepTo(furthest, diagonal, edits).place;
      let place = start;
      while (place < before.length && place - diagonal < after.length && before[place] === after[place - diagonal]) place += 1;
      budget.steps -= 1 + place - start;
      reached.set(diagonal, place);
      if (place >= before.length && place - diagonal >= after.length) return traced(rounds, diagonal, place);
    }
    if (budget.steps < 0) return [];
    furthest = reached;
  }
  return [];
};

const traced = (rounds, diagonal, place) => {
  const runs = [];
  for (let edits = rounds.length - 1; edits >= 0; edits -= 1) {
    const step = stepTo(rounds[edits], diagonal, edits);
    if (place > step.place) runs.push([step.place, step.place - diagonal, place - step.place]);
    diagonal += step.isDown ? 1 : -1;
    place = step.from;
  }
  return runs.reverse();
};

/** Words, or characters, cut into equal and unequal stretches. */
const cutAlike = (before, after, budget) => {
  const [head, tail] = endsOf(before, after);
  const left = before.slice(head, before.length - tail);
  const right = after.slice(head, after.length - tail);
  const parts = [stretch(before.slice(0, head).join(""), after.slice(0, head).join(""))];
  let [wasBefore, wasAfter] = [0, 0];
  for (const [atBefore, atAfter, length] of [...alikeIn(left, right, budget), [left.length, right.length, 0]]) {
    parts.push(stretch(left.slice(wasBefore, atBefore).join(""), right.slice(wasAfter, atAfter).join("")));
    [wasBefore, wasAfter] = [atBefore + length, atAfter + length];
    const alike = left.slice(atBefore, wasBefore).join("");
    parts.push(stretch(alike, alike));
  }
  const ending = before.slice(before.length - tail).join("");
  return [...parts, stretch(ending, ending)];
};

const byLetters = (word, budget) => {
  if (word.isAlike || !word.before || !word.after) return [word];
  const [before, after] = [[...word.before], [...word.after]];
  const [head, tail] = endsOf(before, after);
  const [left, right] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  const parts = cutAlike(left, right, budget);
  const alike = parts.reduce((sum, part) => sum + (part.isAlike ? lengthOf(part.before) : 0), 0);
  const isWorth = alike >= Math.max(left.length, right.length) * MIN_ALIKE;
  const [start, end] = [before.slice(0, head).join(""), before.slice(before.length - tail).join("")];
  return [stretch(start, start), ...(isWorth ? parts : [stretch(left.join(""), right.join(""))]), stretch(end, end)];
};

const joined = (parts) => {
  const found = [];
  for (let part of parts) {
    if (!part.before && !part.after) continue;
    while (found.length && found.at(-1).isAlike === part.isAlike) {
      const last = found.pop();
      part = stretch(last.before + part.before, last.after + part.after);
    }
    found.push(part);
  }
  return found;
};

const withoutChance = (found) => found.flatMap((part, i) => {
  const isInside = i > 0 && i < found.length - 1;
  const shortest = isInside ? Math.min(longest(found[i - 1]), longest(found[i + 1])) : 0;
  if (!part.isAlike || longest(part) >= Math.min(SHORTEST_ALIKE, shortest)) return [part];
  return [stretch(part.before, ""), stretch("", part.after)];
});

/** The texts cut into stretches, equal and unequal by turns. */
const differences = (before, after) => {
  if (before === after) return before ? [stretch(before, after)] : [];
  const budget = { steps: MAX_STEPS };
  const words = cutAlike(before.match(TOKEN) ?? [], after.match(TOKEN) ?? [], budget);
  return joined(withoutChance(joined(words.flatMap((word) => byLetters(word, budget)))));
};

/** The spans that only the first and only the second text has; none where too little is equal. */
const changesOf = (before, after) => {
  const [gone, come] = [[], []];
  if (!before || !after || before === after) return [gone, come];
  let [left, right, alike] = [0, 0, 0];
  for (const part of differences(before, after)) {
    const ends = [left + part.before.length, right + part.after.length];
    if (part.isAlike) alike += lengthOf(part.before);
    else {
      if (part.before) gone.push([left, ends[0]]);
      if (part.after) come.push([right, ends[1]]);
    }
    [left, right] = ends;
  }
  return alike < MIN_SHARED * Math.max(lengthOf(before), lengthOf(after)) ? [[], []] : [gone, come];
};
