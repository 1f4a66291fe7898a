/** The filter of the cases, and the address that holds its settings. */
const COMPOSITE = "format_success_rate";
const SIDES = { before: [0], after: [1], changed: [0, 1] };

/** Tests an answer for a failure of the wanted behavior, with the wanted code. */
const fails = ({ names, places }, wanted) => {
  const [behavior, code] = [places.get(wanted.behavior), places.get(wanted.code)];
  const isWhole = wanted.behavior === COMPOSITE;
  const isFound = (finding) => names[finding[1]] !== "skipped" &&
    (!wanted.code || finding[2] === code) && (isWhole || !wanted.behavior || finding[0].includes(behavior));
  return (answer) => Boolean(answer) && (!isWhole || names[answer[1]] !== "passes") &&
    ((isWhole && !wanted.code) || (answer[2] ?? []).some(isFound));
};

const matches = (section, wanted) => {
  const { names, places, lower } = section;
  const isFailing = fails(section, wanted);
  const asksFailure = Boolean(wanted.behavior || wanted.code);
  return (row) => {
    if (wanted.case && row[0] !== wanted.case) return false;
    if (wanted.tag && !row[4].includes(places.get(wanted.tag))) return false;
    if (wanted.wording && names[row[3]] !== wanted.wording) return false;
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

/** The pair in the address, where it is not the one that the page opens with. */
const pairInAddress = () => pair.join() === data.pair.join() ? [] : [["pair", pair.join("-")]];
const pairOfAddress = () => {
  const asked = (new URLSearchParams(location.hash.slice(1)).get("pair") ?? "").split("-").map(Number);
  const isKnown = asked.length === data.pair.length && asked.every((side) => Number.isInteger(side) && side in data.sides);
  return isKnown ? asked : data.pair;
};
const remember = (task, wanted) => {
  const kept = Object.entries(wanted).filter(([, value]) => value);
  const said = [...(kept.length ? [["task", task.name]] : []), ...kept, ...pairInAddress()];
  history.replaceState(null, "", said.length ? `#${new URLSearchParams(said)}` : location.pathname + location.search);
};
