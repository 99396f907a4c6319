// A file that is chosen goes into the box where it could be pasted; what stands in one is saved.
const WIDE = { "255,254": "utf-16le", "254,255": "utf-16be" };

// A file of another coding would come in with its letters replaced, and nobody would notice.
function decoded(bytes) {
  const coding = WIDE[bytes.slice(0, 2).join()] ?? "utf-8";
  return new TextDecoder(coding, { fatal: true }).decode(bytes);
}

async function put(chosen, box) {
  const file = chosen.files[0];
  box.value = "";
  try {
    const text = decoded(new Uint8Array(await file.arrayBuffer()));
    if (text.length <= box.maxLength) box.value = text;
    else return `It has ${text.length.toLocaleString()} characters: nlu-logger import takes it.`;
  } catch {
    return "It is not UTF-8, perhaps ANSI (Windows-1252): save it as UTF-8, which a spreadsheet calls CSV UTF-8, and choose it again.";
  }
  return "";
}

for (const chosen of document.querySelectorAll("input[type=file][data-into]")) {
  const box = document.getElementById(chosen.dataset.into);
  const line = document.getElementById(`${chosen.dataset.into}-refused`);
  chosen.addEventListener("change", async () => {
    if (chosen.files.length) line.textContent = await put(chosen, box);
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
