// The sheet of a task. Labels are lines; what of a known label the lines do not show stays with it.
import { mark, refused } from "/dashboard/static/fields.js";
import { send, sent, tell } from "/dashboard/static/page.js";

const form = document.querySelector("#task");
const { task } = form.dataset;
const lines = form.elements.labels;
const known = JSON.parse(lines?.dataset.known ?? "[]");
const before = lines?.value;

function label(line) {
  const isIts = ({ name }) => line === name || line.startsWith(`${name}: `);
  const old = known.filter(isIts).sort((one, other) => other.name.length - one.name.length)[0];
  const [first, ...rest] = line.split(": ");
  const name = old?.name ?? first.trim();
  const written = old ? line.slice(name.length + 2).trim() : rest.join(": ").trim();
  const isAsBefore = old?.description.replaceAll("\n", " ").trim() === written;
  return { ...old, name, description: isAsBefore ? old.description : written, retired: false };
}

function labels() {
  const listed = lines.value.split("\n").map((line) => line.trim()).filter(Boolean).map(label);
  const named = new Set(listed.map(({ name }) => name));
  return [...listed, ...known.filter(({ name, retired }) => retired && !named.has(name))];
}

function order() {
  const { elements } = form;
  const body = {
    task_model: elements.task_model.value.trim() || null,
    proposer_model: elements.proposer_model.value.trim() || null,
    max_prompt_tokens: Number(elements.max_prompt_tokens.value) || null,
    retrieval: elements.retrieval.checked,
    batches: elements.batches.checked,
    approval: elements.approval.checked ? "each-change" : "off",
    promotion_approvals: Number(elements.promotion_approvals.value),
    promotion_verdict: elements.promotion_verdict.value,
  };
  if (!task) Object.assign(body, { slug: elements.slug.value.trim(), kind: elements.kind.value });
  const isIntent = task ? lines : elements.kind.value === "intent";
  if (isIntent && lines.value !== before) body.labels = labels();
  return body;
}

// Extractions have no labels.
const set = document.querySelector("#labels-set");
form.elements.kind?.addEventListener("change", ({ target }) => {
  set.hidden = target.value !== "intent";
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const alert = form.querySelector("[role=alert]");
  const button = form.querySelector("button");
  alert.textContent = "";
  form.querySelectorAll("[aria-invalid]").forEach((field) => mark(field));
  button.disabled = true;
  try {
    const made = await send(task ? `tasks/${task}/settings` : "new-task", order());
    sent(form);
    location.assign(`/dashboard/tasks/${made.slug}${task ? "/settings?saved=1" : ""}`);
  } catch (problem) {
    const [first] = refused(form, problem.reply ?? {});
    first?.focus();
    if (first) alert.textContent = problem.reply?.detail ?? "What is marked in red was refused.";
    else tell(alert, problem);
    button.disabled = false;
  }
});
