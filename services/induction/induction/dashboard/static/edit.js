// A prompt that a person has edited is registered and tried by a run, whose page follows.
import { send, sent, tell } from "/dashboard/static/page.js";

const form = document.querySelector("#edit");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  const line = form.querySelector("[role=alert]");
  const number = (name) => Number(form.elements[name].value);
  button.disabled = true;
  line.textContent = "";
  try {
    const run = await send(form.dataset.path, {
      texts: [...form.querySelectorAll("textarea")].map((one) => one.value),
      limits: { calls: number("calls"), money_usd: number("money_usd"), minutes: number("minutes") },
      without: [...form.querySelectorAll("[name=without]:checked")].map((one) => Number(one.value)),
      notes: form.elements.notes.value || null,
    });
    sent(form);
    location.assign(`/dashboard/runs/${run.id}`);
  } catch (problem) {
    tell(line, problem);
    button.disabled = false;
  }
});
