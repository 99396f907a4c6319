// The sheet of an order, to improve or to vote: what it could cost is asked again whenever something
// is changed.
import { send } from "/dashboard/static/page.js";

const form = document.querySelector("#order");
const shown = document.querySelector("#forecast");
const start = form.querySelector("button.main");
const line = form.querySelector("[role=alert]");
const WAIT_MS = 400;
let asked = 0;
let timer;

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
  const given = new FormData(form);
  const limits = {};
  for (const name of ["calls", "money_usd", "minutes", "iterations", "max_prompt_tokens"]) {
    if (given.get(name)) limits[name] = Number(given.get(name));
  }
  if (kind === "ensemble") return voting(dry_run, limits);
  const body = { task: form.dataset.task, limits, dry_run };
  body.approval = given.has("approval") ? "each-change" : "off";
  if (given.has("approval")) {
    body.approval_minutes = Number(given.get("approval_minutes"));
    body.unanswered = given.get("unanswered");
  }
  body.batches = given.has("batches");
  if (given.get("focus")) body.focus = given.get("focus");
  if (given.get("hint").trim()) body.hints = [given.get("hint").trim()];
  return body;
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

function facts(forecast) {
  const { splits, cases, calls, money_usd, detectable_gain, quotable, likely, month_left_usd } = forecast;
  const list = document.createElement("dl");
  list.className = "facts";
  const add = (name, text) => list.append(written("dt", name), written("dd", text));
  const parts = [[splits.validation, "to choose by"], [splits.test, "untouched"]];
  if (kind !== "ensemble") parts.unshift([splits.train, "to learn from"]);
  add("Cases", `${cases} approved: ${parts.map(([count, what]) => `${count ?? 0} ${what}`).join(", ")}`);
  if (kind !== "ensemble") add("May be quoted", `${quotable} of those to learn from`);
  add("Costs at most", `${calls.toLocaleString()} calls, ${money_usd.toFixed(2)} dollars`);
  if (likely) {
    const calls = range(likely.calls, (one) => one.toLocaleString());
    const dollars = range(likely.money_usd, (one) => one.toFixed(2));
    const minutes = range(likely.minutes, (one) => one.toFixed(1));
    const runs = likely.runs === 1 ? "one finished run" : `${likely.runs} finished runs`;
    add("Likely", `${calls} calls, ${dollars} dollars, ${minutes} minutes, as ${runs} took`);
  }
  if (month_left_usd !== null) add("The month's cap leaves", `${month_left_usd.toFixed(2)} dollars`);
  if (detectable_gain !== null) add("Would be seen", `a gain of ${detectable_gain.toFixed(2)} or more, mostly`);
  return list;
}

async function forecast() {
  const mine = ++asked;
  start.disabled = true;
  line.textContent = "";
  const chosen = members().length;
  if (kind === "ensemble" && (chosen < LEAST || chosen > MOST)) {
    shown.replaceChildren(written("p", `Choose ${LEAST} to ${MOST} versions; chosen: ${chosen}.`, "soft"));
    return;
  }
  try {
    const found = await send("runs", order(true));
    if (mine !== asked) return;
    const notes = document.createElement("ul");
    notes.append(...found.notes.map((note) => written("li", note)));
    const left = found.unanswerable.reduce((sum, one) => sum + one.cases, 0);
    const verdict = found.fits ? [] : [written("p", "A limit may end it before the search is through.", "warn")];
    const truths = left ? [written("p", `${left} cases have truths that no answer can match: they are left out.`, "warn")] : [];
    shown.replaceChildren(facts(found), ...verdict, ...truths, notes);
    start.disabled = false;
  } catch (problem) {
    if (mine === asked) shown.replaceChildren(written("p", problem.message, "bad"));
  }
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(forecast, WAIT_MS);
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  start.disabled = true;
  try {
    const run = await send("runs", order(false));
    location.assign(`/dashboard/runs/${run.id}`);
  } catch (problem) {
    line.textContent = problem.message;
    start.disabled = false;
  }
});

forecast();
