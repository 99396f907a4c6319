// What the buttons and keys of the desk do. Texts are only ever set as text.
import { Refused, send } from "/dashboard/static/page.js";

const OFFERED = 12;
const items = [...document.querySelectorAll(".item")];

function understood(problem) {
  const isLabel = problem instanceof Refused && problem.reply.code === "unknown_label";
  return isLabel ? new UnknownLabel(problem.reply.labels ?? []) : problem;
}

class UnknownLabel extends Error {
  constructor(labels) {
    const shown = labels.slice(0, OFFERED).join(", ") + (labels.length > OFFERED ? ", …" : "");
    super(`This is no label of the task. ${shown ? `Its labels: ${shown}. ` : ""}A new one is added only on purpose.`);
  }
}

function isNew(item) {
  return item.querySelector("[name=allow_new]")?.checked ?? false;
}

function tell(item, text, kind = "") {
  const line = item.querySelector(".outcome");
  line.textContent = text;
  line.className = `outcome ${kind}`;
}

async function attempt(item, act) {
  item.focus(); // what has the focus now is about to be switched off
  const controls = [...item.querySelectorAll("button, input, textarea")].filter((one) => !one.disabled);
  controls.forEach((one) => (one.disabled = true));
  let unknown = false;
  try {
    await act();
  } catch (caught) {
    const problem = understood(caught);
    tell(item, problem.message, "bad");
    unknown = problem instanceof UnknownLabel;
  } finally {
    controls.forEach((one) => (one.disabled = false));
  }
  if (unknown) item.querySelector("[name=allow_new]")?.focus();
}

function show(item, ...names) {
  item.querySelectorAll("[data-act]").forEach((one) => (one.hidden = !names.includes(one.dataset.act)));
  item.querySelectorAll("[data-answer]").forEach((one) => (one.hidden = true));
}

const acts = {
  async confirm(item) {
    const allow_new = isNew(item);
    propose(item, await send(`predictions/${item.dataset.prediction}/confirm`, { allow_new }));
  },
  async correct(item) {
    const answer = item.querySelector("[data-answer]");
    const typed = answer.value.trim();
    if (!typed) {
      answer.disabled = false;
      answer.focus();
      throw new Error("Say what is right first.");
    }
    const allow_new = isNew(item);
    let body = { corrected_intent: typed, allow_new };
    if (answer.dataset.answer === "output") {
      try {
        body = { corrected_output: JSON.parse(typed), allow_new };
      } catch {
        throw new Error("This is not JSON.");
      }
    }
    propose(item, await send(`predictions/${item.dataset.prediction}/correct`, body));
  },
  async approve(item) {
    const box = item.querySelector("[name=may_quote]");
    const body = { allow_new: isNew(item) };
    if (!box.indeterminate) body.may_quote = box.checked;
    const approved = await send(`corrections/${item.dataset.correction}/approve`, body);
    finish(item, `Approved. It is ground truth now.${look(approved.warning)}`, "good");
  },
  async reject(item) {
    await send(`corrections/${item.dataset.correction}/reject`);
    finish(item, "Rejected. Nothing comes of it.", "");
  },
  async clear(item) {
    await send(`cases/${item.dataset.case}/clear`);
    finish(item, "The label stands. Only a new doubt brings it back.", "good");
  },
  async withdraw(item) {
    await send(`cases/${item.dataset.case}/withdraw`);
    finish(item, "Withdrawn. It is ground truth no more.", "");
  },
  keep: (item) => settle(item, "keep", "The standing truth is kept."),
  replace: (item) => settle(item, "replace", "The other truth is ground truth now."),
  neither: (item) => settle(item, "withdraw", "Neither is ground truth now."),
};

async function settle(item, truth, outcome) {
  await send(`conflicts/${item.dataset.conflict}/settle`, { truth, allow_new: isNew(item) });
  finish(item, outcome, "good");
}

function propose(item, correction) {
  item.dataset.correction = correction.id;
  show(item, "approve", "reject");
  const approves = item.querySelector('[data-act="approve"]') !== null;
  const noted = approves ? "Noted. Approve it, or leave that to somebody else." : "Noted. It waits for approval.";
  tell(item, noted + look(correction.warning));
}

function look(warning) {
  return warning ? ` There is also ${warning.like.join(", ")}: if they are one label, rename one.` : "";
}

function finish(item, text, kind) {
  item.dataset.done = "";
  show(item);
  item.querySelectorAll(".box").forEach((one) => one.remove());
  tell(item, text, kind);
  step(1);
}

function run(item, name) {
  const button = item?.querySelector(`[data-act="${name}"]`);
  if (button && !button.hidden && !button.disabled) attempt(item, () => acts[name](item));
}

function current() {
  return items.indexOf(document.activeElement?.closest(".item"));
}

function step(by) {
  let at = current();
  do at += by;
  while (items[at] && "done" in items[at].dataset);
  items[at]?.focus();
}

for (const item of items) {
  item.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button) run(item, button.dataset.act);
  });
  item.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    run(item, "correct");
  });
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  e: (item) => item?.querySelector("[data-answer]")?.focus(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input[type=text], input[type=password], textarea, select");
  if (typing && event.key === "Escape") event.target.closest(".item")?.focus();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !items.length) return;
  const item = items[current()];
  const button = item && [...item.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key);
  if (!button && !keys[event.key]) return;
  event.preventDefault();
  if (button) run(item, button.dataset.act);
  else keys[event.key](item);
});

// Untouched, the box says nothing: the default of the task holds.
for (const box of document.querySelectorAll("[name=may_quote]")) box.indeterminate = true;
