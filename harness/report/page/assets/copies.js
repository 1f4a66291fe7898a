/** Buttons that copy a text of a case. */

/** Copies in every browser: the page may have been opened as a file, where some have no clipboard. */
const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = el("textarea", "sr");
    box.value = text;
    const before = document.activeElement;
    (document.querySelector("dialog[open]") ?? document.body).append(box);
    box.select();
    const isDone = document.execCommand("copy");
    box.remove();
    before?.focus({ preventScroll: true });
    return isDone;
  }
};

const copyButton = (name, text, isCut = false) => {
  const button = el("button", "copy", name);
  button.type = "button";
  button.title = isCut ? "Copies what the page has of the text" : "";
  button.addEventListener("click", async () => {
    button.textContent = (await copy(text())) ? "Copied" : "Not copied";
    setTimeout(() => { button.textContent = name; }, 1_500);
  });
  return button;
};

/** The prompt, each answer, the command that asks the case again, and the address of the case alone. */
const drawCopies = (task, row, headings) => {
  const answers = headings.flatMap(({ side, role, name }) => {
    const answer = row[ANSWERS + side];
    if (!answer || (answer[7] ?? null) !== null) return [];
    const of = headings.length > 1 ? ` ${role || plain(name)}` : "";
    return [copyButton(`answer${of}`, () => task.texts[answer[0]], answer[4] || answer[5])];
  });
  const box = el("p", "copies", "Copy ", copyButton("prompt", () => task.prefix + task.texts[row[2]], cutOf(task, row) > 0), " ",
    ...answers.flatMap((button) => [button, " "]), copyButton("replay command", () => replayOf(task, row, data.sides[pair.at(-1)])), " ",
    copyButton("link", () => new URL(addressWith(addressOfCase(task, row)), location.href).href));
  Object.assign(box, { role: "group", ariaLabel: "Copy" });
  return box;
};
