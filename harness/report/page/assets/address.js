/** The state of the page in its address, so that a link restores it. Names that a script does not set stay. */

/** A link to a section has no names and values: those of the address before it hold on. */
const isAtSection = () => /^#[^=]+$/.test(location.hash);
let lastSaid = "";
/** The names and values after the #, or of the address before a link to a section. */
const asked = () => {
  if (!isAtSection()) lastSaid = location.hash.slice(1);
  return new URLSearchParams(lastSaid);
};

/** The text as an address can hold it: halves of characters are replaced. */
const inAddress = (text) => new URLSearchParams([["", text]]).get("");

/** The address with these values; a name whose value is empty is left out. */
const addressWith = (changes) => {
  const said = asked();
  for (const [name, value] of Object.entries(changes)) {
    said.delete(name);
    if (value) said.set(name, value);
  }
  return said.size ? `#${said}` : location.pathname + location.search;
};

/** Sets the address; `isStep` makes the browser's Back return to the one before. */
const remember = (changes, isStep = false) => {
  const address = addressWith(changes);
  if (isStep && address !== location.hash) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  asked();
};

/** The pair in the address, where it is not the one that the page opens with. */
const pairInAddress = () => ({ pair: pair.join() === data.pair.join() ? "" : pair.join("-") });
const pairOfAddress = () => {
  const said = (asked().get("pair") ?? "").split("-").map(Number);
  const isKnown = said.length === data.pair.length && said.every((side) => Number.isInteger(side) && side in data.sides);
  return isKnown ? said : data.pair;
};
