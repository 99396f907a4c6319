// A bundle of another instance: its file is sent as it is, and the page shows what came of it.
import { send } from "/dashboard/static/page.js";

const form = document.querySelector("#bundle");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const line = form.querySelector("[role=alert]");
  const button = form.querySelector("button");
  button.disabled = true;
  line.textContent = "";
  try {
    const text = await form.querySelector("input[type=file]").files[0].text();
    await send(`bundles?task=${encodeURIComponent(form.dataset.task)}`, JSON.parse(text));
    location.reload();
  } catch (problem) {
    line.textContent = problem instanceof SyntaxError ? "This is no bundle: it is no JSON." : problem.message;
    button.disabled = false;
  }
});
