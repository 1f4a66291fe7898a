/** The filter of the cases. */
const SIDES = { before: [0], after: [1], changed: [0, 1] };

/** Tests an answer for a failure of the wanted behavior, with the wanted code. */
const fails = ({ names, places }, wanted) => {
  const [behavior, code] = [places.get(wanted.behavior), places.get(wanted.code)];
  const isWhole = wanted.behavior === COMPOSITE;
  const isFound = (finding) => names[finding[1]] !== "skipped" &&
    (!wanted.code || finding[2] === code) && (isWhole || !wanted.behavior || finding[0].includes(behavior));
  const isLost = (answer) => ["fails", "error"].includes(names[answer[1]]);
  return (answer) => Boolean(answer) && (!isWhole || isLost(answer)) &&
    ((isWhole && !wanted.code) || (answer[2] ?? []).some(isFound));
};

/** Tests a case for the wanted values; `states` has the state of each by the chosen behavior. */
const matches = ({ task, lower, states }, wanted) => {
  const { names, places } = task;
  const asksFailure = Boolean(wanted.side || wanted.code);
  const isFailing = fails(task, wanted.code ? wanted : { ...wanted, behavior: wanted.behavior || COMPOSITE });
  return (row) => {
    if (wanted.cause && !task.causes.get(wanted.cause)?.has(row)) return false;
    if (wanted.change && states.get(row) !== wanted.change) return false;
    if (wanted.tag && !row[4].includes(places.get(wanted.tag))) return false;
    if (wanted.wording && names[row[3]] !== wanted.wording) return false;
    if (wanted.reviewed && !isReviewed(task, row, wanted.reviewed)) return false;
    const answers = answersOf(row);
    if (asksFailure) {
      const failing = (SIDES[wanted.side] ?? [0, 1]).map((i) => i < answers.length && isFailing(answers[i]));
      if (wanted.side === "changed" ? failing[0] === failing[1] : !failing.includes(true)) return false;
    }
    if (!wanted.text) return true;
    return row[0].toLowerCase().includes(wanted.text) || lower(row[2]).includes(wanted.text) ||
      answers.some((answer) => answer && lower(answer[0]).includes(wanted.text));
  };
};
