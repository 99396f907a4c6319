// A file that is chosen, or dropped on its form, goes into the box where it could be pasted; what
// stands in a box is saved.
const WIDE = { "255,254": "utf-16le", "254,255": "utf-16be" };

// A file of another coding would come in with its letters replaced, and nobody would notice.
function decoded(bytes) {
  const coding = WIDE[bytes.slice(0, 2).join()] ?? "utf-8";
  return new TextDecoder(coding, { fatal: true }).decode(bytes);
}

// The box for a file: of two, that of a module where the name is one's.
function boxes({ dataset }) {
  const ids = [dataset.into, dataset.module].filter(Boolean);
  return ids.map((id) => document.getElementById(id));
}

// What is refused leaves the boxes as they are.
async function put(chosen) {
  const [file] = chosen.files;
  const every = boxes(chosen);
  const box = (/\.py$/i.test(file.name) && every[1]) || every[0];
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text;
  try {
    text = decoded(bytes);
  } catch {
    if (bytes.includes(0)) return "It is no text, but a picture, a workbook or a program.";
    return "It is not UTF-8, perhaps ANSI (Windows-1252): save it as UTF-8, which a spreadsheet calls CSV UTF-8, and choose it again.";
  }
  if (!text.trim()) return "It is empty.";
  if (box.maxLength >= 0 && text.length > box.maxLength) {
    return `It has ${text.length.toLocaleString()} characters: ${box.dataset.longer}`;
  }
  for (const one of every) one.value = one === box ? text : "";
  return "";
}

for (const chosen of document.querySelectorAll("input[type=file][data-into]")) {
  chosen.addEventListener("change", async () => {
    if (chosen.files.length) chosen.form.querySelector("[role=alert]").textContent = await put(chosen);
  });
}

// What of a drop is no file to take, in words; nothing where it is one.
function unfit({ items, files }) {
  if (files.length !== 1) return "One file at a time: drop one.";
  return items[0].webkitGetAsEntry?.()?.isDirectory ? "That is a folder: drop a file of it." : "";
}

function dropped(event, chosen) {
  const refused = unfit(event.dataTransfer);
  chosen.form.querySelector("[role=alert]").textContent = refused;
  if (refused) return;
  chosen.files = event.dataTransfer.files;
  chosen.dispatchEvent(new Event("change", { bubbles: true }));
}

// A fold takes a file before it is open.
function places(chosen) {
  const fold = chosen.closest("details");
  const place = fold ?? chosen.form;
  let inside = 0;
  const mark = (change) => {
    inside = change ? Math.max(0, inside + change) : 0;
    place.classList.toggle("dropping", inside > 0);
  };
  place.addEventListener("dragenter", () => mark(1));
  place.addEventListener("dragleave", () => mark(-1));
  place.addEventListener("drop", (event) => {
    mark(0);
    if (fold) fold.open = true;
    dropped(event, chosen);
  });
  return place;
}

const takes = [...document.querySelectorAll("form input[type=file]")].map(places);

// Beside its place a file is not taken: the browser would leave the page, and what stands in it.
for (const type of ["dragover", "drop"]) {
  document.addEventListener(type, (event) => {
    if (!takes.length || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    const isTaken = takes.some((place) => place.contains(event.target));
    event.dataTransfer.dropEffect = isTaken ? "copy" : "none";
  });
}

for (const button of document.querySelectorAll("button[data-save]")) {
  button.addEventListener("click", () => {
    const text = document.getElementById(button.dataset.save).value;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/plain" }));
    link.download = button.dataset.name;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
