/** The outcome of one behavior on an answer, and the change of a case between the sides of the pair. */
const COMPOSITE = "format_success_rate";
const RIGHT_ANSWERS = "exact_fields";
const ANSWERS = 7;
const ROLES = ["before", "after"];

/** The indexes in data.sides of the chosen pair, before and after, or of the only side. */
let pair = data.pair;

const answersOf = (row) => pair.map((side) => row[ANSWERS + side]);
const isComposite = (behavior) => !behavior || behavior === COMPOSITE;

for (const task of data.tasks) {
  task.places = new Map(task.names.map((name, place) => [name, place]));
  task.missing = new Map(task.absent.map(([row, side, names]) => [`${row} ${side}`, names]));
  task.cut = new Map(task.cut);
  task.formats = new Map(task.formats);
  task.order = new Map(task.cases.map((row, place) => [row, place]));
  /** The behavior that folds, labels and filters follow; the composite where it is "". */
  task.behavior = "";
}

/** A function from a case and a side to "passes", "fails", "error", "not judged", or null without an answer. */
const outcomesOf = (task, behavior) => {
  const { names, missing, order } = task;
  if (isComposite(behavior)) return (row, side) => row[ANSWERS + side] ? names[row[ANSWERS + side][1]] : null;
  const place = task.places.get(behavior);
  const judged = task.judged.map((found) => found.includes(place));
  return (row, side) => {
    const answer = row[ANSWERS + side];
    if (!answer) return null;
    if (!judged[side]) return "not judged";
    if (missing.size && missing.get(`${order.get(row)} ${side}`)?.includes(place)) return "not judged";
    const finding = answer[2]?.find((found) => found[0].includes(place));
    if (!finding) return "passes";
    return { failed: "fails", error: "error" }[names[finding[1]]] ?? "not judged";
  };
};

/** The state of a case: the value of a Change; of one model alone, failing or passing. */
const stateFrom = (said) => {
  if (said.every((word) => word === null)) return "";
  const isJudged = said.every((word) => word === null || word === "passes" || word === "fails");
  if (said.length === 1) return !isJudged ? "not judged" : said[0] === "passes" ? "passing" : "failing";
  if (said[0] === null) return "added";
  if (said[1] === null) return "removed";
  if (!isJudged) return "not judged";
  if (said[0] === said[1]) return said[0] === "passes" ? "still passing" : "still failing";
  return said[1] === "passes" ? "fixed" : "regressed";
};

/**
 * A function from a case to its state by one behavior, in the chosen pair. As the gate has it, a case that passes
 * after is undecided where a required behavior that judged it before did not judge it after.
 */
const changesBy = (task, behavior) => {
  const outcome = outcomesOf(task, behavior);
  const required = isComposite(behavior) ? task.required.map((place) => outcomesOf(task, task.names[place])) : [];
  const isJudged = (word) => word === "passes" || word === "fails";
  return (row) => {
    const said = pair.map((side) => outcome(row, side));
    const [before, after] = pair;
    const isUndecided = said.length === 2 && said[0] !== null && said[1] === "passes" &&
      required.some((by) => isJudged(by(row, before)) && !isJudged(by(row, after)));
    return stateFrom(isUndecided ? [said[0], "not judged"] : said);
  };
};
const statesOf = (task, behavior) => {
  const changeOf = changesBy(task, behavior);
  return new Map(task.cases.map((row) => [row, changeOf(row)]));
};
const stateOf = (task, row) => changesBy(task, "")(row);

/** The code, in words, of the first failure of a behavior; of any with "", the right answers' before others'. */
const failureOf = ({ names, places }, answer, behavior) => {
  const failed = (answer[2] ?? []).filter((found) => names[found[1]] === "failed");
  const of = (wanted) => failed.find((found) => found[0].includes(places.get(wanted)));
  const finding = behavior ? of(behavior) : of(RIGHT_ANSWERS) ?? failed[0];
  return finding ? names[finding[2]].replaceAll("_", " ") : "";
};

/** [label, tone] of one answer: "passes format, wrong value", in the color of the chosen behavior's outcome. */
const labelOf = (task, row, side) => {
  const answer = row[ANSWERS + side];
  const whole = outcomesOf(task, "")(row, side);
  const tone = (outcome) => ({ passes: "good", "not judged": "none" })[outcome] ?? "bad";
  if (isComposite(task.behavior)) {
    const other = whole === "passes" ? failureOf(task, answer, "") : "";
    return other ? [`passes format, ${other}`, "part"] : [whole, tone(whole)];
  }
  const outcome = outcomesOf(task, task.behavior)(row, side);
  const format = whole === "passes" || whole === "fails" ? `${whole} format, ` : "";
  const said = outcome === "fails" ? failureOf(task, answer, task.behavior)
    : outcome === "passes" ? `passes ${task.behavior}` : `${task.behavior}: ${outcome}`;
  return [outcome === whole && outcome === "passes" ? said : format + said, tone(outcome)];
};
