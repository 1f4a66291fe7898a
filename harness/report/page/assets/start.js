/** The start of the page: the sections of the tasks, the chosen pair, the keys. */
pair = pairOfAddress();
const leaveOthers = (task) => { for (const one of sections) if (one.task !== task) one.leave(); };
const sections = data.tasks.map((task, index) => setUp(task, index, leaveOthers)).filter(Boolean);
const recallAll = () => {
  pair = pairOfAddress();
  recallCertainty();
  followPair();
  for (const section of sections) section.recall();
};
const choose = (wanted) => {
  pair = wanted;
  remember(pairInAddress());
  recallAll();
};
listenToPair(choose);
addReview(data.review);
listenToReview(recallAll);
recallReview();
listenToCertainty(recallAll);
recallAll();
for (const button of document.querySelectorAll("button.ask")) button.disabled = false;
addEventListener("hashchange", () => {
  if (!isAtSection()) { recallReview(); recallAll(); }
  // The reader is there: a reload is to bring back filter and review.
  else if (asked().size) remember({});
});
addEventListener("click", (event) => {
  const button = event.target.closest?.("button.ask");
  if (!button) return;
  const wanted = { ...button.dataset };
  if (wanted.cause && pair.join() !== data.pair.join()) choose(data.pair);
  if (wanted.model !== undefined) {
    const model = Number(wanted.model);
    if (!pair.includes(model)) choose([pair[0], model]);
    wanted.side = model === pair[0] ? "before" : "after";
  }
  sections.find(({ index }) => String(index) === wanted.task)?.ask(wanted);
});
listenToKeys(sections);
