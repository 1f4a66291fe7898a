/** Whether a case is one of those asked for. */
const matches = ({ places, lower }, wanted) => (row) => {
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
