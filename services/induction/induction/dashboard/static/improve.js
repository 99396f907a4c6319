// The sheet of an order, to improve or to vote: what it could cost is asked again whenever something
// is changed.
import { refused, unfold, wrong } from "/dashboard/static/fields.js";
import { send, sent, tell } from "/dashboard/static/page.js";

const form = document.querySelector("#order");
const shown = document.querySelector("#forecast");
const start = form.querySelector("button.main");
const line = form.querySelector("[role=alert]");
const WAIT_MS = 400;
let latest = 0;
let timer;

const CALLED = { task: "task_model", proposer: "proposer_model" };
const { kind } = form.dataset;
const [LEAST, MOST] = [form.dataset.least, form.dataset.most].map(Number);

function members() {
  return [...form.querySelectorAll("input[name=members]:checked")].map(({ value }) => value);
}

function voting(dry_run, limits) {
  const batches = new FormData(form).has("batches");
  return { task: form.dataset.task, kind, members: members(), limits, batches, dry_run };
}

function order(dry_run) {
  const data = new FormData(form);
  const limits = {};
  for (const name of ["calls", "money_usd", "minutes", "iterations", "max_prompt_tokens"]) {
    if (data.get(name)) limits[name] = Number(data.get(name));
  }
  if (kind === "ensemble") return voting(dry_run, limits);
  const body = { task: form.dataset.task, limits, dry_run };
  body.approval = data.has("approval") ? "each-change" : "off";
  if (data.has("approval")) {
    body.approval_minutes = Number(data.get("approval_minutes"));
    body.unanswered = data.get("unanswered");
  }
  body.batches = data.has("batches");
  if (data.get("focus")) body.focus = data.get("focus");
  if (data.get("hint").trim()) body.hints = [data.get("hint").trim()];
  if (data.get("prompt_version")) body.prompt_version = data.get("prompt_version");
  const models = {};
  if (data.get("task_model").trim()) models.task = data.get("task_model").trim();
  if (data.get("proposer_model").trim()) models.proposer = data.get("proposer_model").trim();
  const falls = data.getAll("guards").map(Number);
  const guards = data.getAll("guarded").map((name, place) => [name, falls[place]]);
  return Object.assign(body, {
    models,
    guards: Object.fromEntries(guards.filter(([name]) => name)),
    pins: data.getAll("pins"),
    may_remove_blocks: data.has("may_remove_blocks"),
  });
}

// The blocks of the version it begins with; what was pinned in another one stays so, by its name.
function pinnable() {
  const { blocks = "[]", protected: kept = "[]" } = form.elements.prompt_version.selectedOptions[0].dataset;
  const pinned = new Set(new FormData(form).getAll("pins"));
  const places = JSON.parse(blocks).map((name) => {
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", name: "pins", value: name });
    const isKept = JSON.parse(kept).includes(name);
    box.checked = isKept || pinned.has(name);
    box.disabled = isKept;
    const place = written("label", "", "box");
    place.append(box, ` ${name}${isKept ? ", which is protected" : ""}`);
    return place;
  });
  const none = written("p", "Choose the version it begins with, and its blocks stand here.", "soft");
  document.querySelector("#pins").replaceChildren(...(places.length ? places : [none]));
}

if (kind !== "ensemble") {
  form.elements.prompt_version.addEventListener("change", pinnable);
  pinnable();
  document.querySelector("#another").addEventListener("click", ({ target }) => {
    const row = form.querySelector(".guard").cloneNode(true);
    row.querySelectorAll("small").forEach((one) => one.remove());
    row.querySelector("input").value = "0.02";
    target.before(row);
    row.querySelector("select").focus();
  });
}

function written(name, text, kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function range([least, most], written) {
  const [from, to] = [written(least), written(most)];
  return from === to ? from : `${from} to ${to}`;
}

// The smaller of what the search can take and what its limits allow; which of them it is stands in
// the notes.
function most({ calls, money_usd }) {
  const limit = (name, bound) => Math.min(bound, Number(form.elements[name].value));
  return `${limit("calls", calls).toLocaleString()} calls, ${limit("money_usd", money_usd).toFixed(2)} dollars`;
}

function basis({ runs, is_own }) {
  if (!runs) return "as searches of such a size usually take";
  const count = runs === 1 ? "one finished run" : `${runs} finished runs`;
  return is_own ? `as ${count} of this task took` : `as ${count} of other tasks, since this one has none, took`;
}

function facts(forecast) {
  const { splits, cases, detectable_gain, quotable, likely, month_left_usd } = forecast;
  const list = document.createElement("dl");
  list.className = "facts";
  const add = (name, text) => list.append(written("dt", name), written("dd", text));
  const parts = [[splits.validation, "to choose by"], [splits.test, "untouched"]];
  if (kind !== "ensemble") parts.unshift([splits.train, "to learn from"]);
  add("Cases", `${cases} approved: ${parts.map(([count, what]) => `${count ?? 0} ${what}`).join(", ")}`);
  if (kind !== "ensemble") add("May be quoted", `${quotable} of those to learn from`);
  add("Costs at most", most(forecast));
  if (likely) {
    const calls = range(likely.calls, (one) => one.toLocaleString());
    const dollars = range(likely.money_usd, (one) => one.toFixed(2));
    const minutes = likely.minutes ? `${range(likely.minutes, (one) => one.toFixed(1))} minutes` : "minutes unknown before its model's first run";
    add("Likely", `${calls} calls, ${dollars} dollars, ${minutes}, ${basis(likely)}`);
  }
  if (month_left_usd !== null) add("The month's cap leaves", `${month_left_usd.toFixed(2)} dollars`);
  if (detectable_gain !== null) add("Would be seen", `a gain of ${detectable_gain.toFixed(2)} or more, mostly`);
  return list;
}

// Nothing is marked before somebody has touched the sheet.
async function forecast(isFirst = false) {
  const mine = ++latest;
  start.disabled = true;
  line.textContent = "";
  const chosen = members().length;
  if (kind === "ensemble" && (chosen < LEAST || chosen > MOST)) {
    shown.replaceChildren(written("p", `Choose ${LEAST} to ${MOST} versions; chosen: ${chosen}.`, "soft"));
    return;
  }
  if (isFirst && !form.checkValidity()) {
    shown.replaceChildren(written("p", "Choose the version it begins with below, and what it could cost stands here.", "soft"));
    return;
  }
  if (wrong(form).length) {
    shown.replaceChildren(written("p", "Mend what is marked below, and what it could cost stands here.", "soft"));
    return;
  }
  try {
    const expected = await send("runs", order(true));
    if (mine !== latest) return;
    const notes = document.createElement("ul");
    notes.append(...expected.notes.map((note) => written("li", note)));
    const left = expected.unanswerable.reduce((sum, one) => sum + one.cases, 0);
    const truths = left ? [written("p", `${left} cases have truths that no answer can match: they are left out.`, "warn")] : [];
    shown.replaceChildren(facts(expected), ...truths, notes);
    start.disabled = false;
  } catch (problem) {
    if (mine === latest) shown.replaceChildren(written("p", problems(problem), "bad"));
  }
}

// In a line; what it says of single fields stands beside them.
function problems(problem) {
  const fields = refused(form, problem.reply ?? {}, CALLED);
  fields.forEach(unfold);
  if (!fields.length) return problem.message;
  return problem.reply?.detail ?? "What is marked in red was refused.";
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => forecast(), WAIT_MS);
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [first] = wrong(form);
  if (first) {
    unfold(first);
    first.focus();
    return;
  }
  start.disabled = true;
  try {
    const run = await send("runs", order(false));
    sent(form);
    location.assign(`/dashboard/runs/${run.id}`);
  } catch (problem) {
    refusal(problem);
    start.disabled = false;
  }
});

// Another run of the task is named with where it can be watched.
function refusal(problem) {
  const run = problem.reply?.code === "run_active" && problem.message.match(/[0-9a-f-]{36}/);
  if (problem.isOver) return tell(line, problem);
  if (!run) return line.replaceChildren(problems(problem));
  const link = written("a", "Watch it");
  link.href = `/dashboard/runs/${run[0]}`;
  return line.replaceChildren("A run of this task goes on: wait for its end, or cancel it. ", link);
}

forecast(true);
