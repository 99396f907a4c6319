// A bundle of another instance: its file is sent as it is, and the page shows what came of it.
import { send, sent, tell } from "/dashboard/static/page.js";

const LONGEST = 60_000; // bytes: of a page no more than 64 KiB are read
const form = document.querySelector("#bundle");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const line = form.querySelector("[role=alert]");
  const button = form.querySelector("button");
  const [file] = form.querySelector("input[type=file]").files;
  if (file.size > LONGEST) {
    line.textContent = `It has ${file.size.toLocaleString()} bytes, more than a page sends: induction prompts import-bundle takes it.`;
    return;
  }
  button.disabled = true;
  line.textContent = "";
  try {
    const text = await file.text();
    await send(`bundles?task=${encodeURIComponent(form.dataset.task)}`, JSON.parse(text));
    sent(form);
    location.reload();
  } catch (problem) {
    if (problem instanceof SyntaxError) line.textContent = "This is no bundle: it is no JSON.";
    else tell(line, problem);
    button.disabled = false;
  }
});
