/** Every task's section, and the key that leads to the search. */
const forms = data.tasks.map(setUp).filter(Boolean);
addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, select, textarea");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  forms[0]?.elements.text.focus();
});
