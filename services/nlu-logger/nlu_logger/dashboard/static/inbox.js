// The inbox by keyboard: the forms of the page are sent as they are, and the page that answers is
// put in place. Texts come from the server as HTML that it has escaped, and are never made here.
import { local } from "/dashboard/static/page.js";

const MOST_ROWS = 200;
let busy = false;

const inbox = () => document.getElementById("inbox");
const card = () => document.getElementById("card");
// Of a page with more on it than one item: its forms are left to the browser, which loads it anew.
const isPlain = () => "plain" in inbox().dataset;
const isText = (one) => one.matches("input[type=text], textarea, select");

async function leave(form, button) {
  if (busy) return; // what is pressed meanwhile is about an item that nobody has seen
  busy = true;
  inbox().setAttribute("aria-busy", "true");
  const body = new URLSearchParams(new FormData(form, button));
  switches(body);
  try {
    const answer = await fetch(button?.getAttribute("formaction") ?? form.getAttribute("action"), {
      method: "POST",
      headers: { "x-script": "yes" },
      body,
    });
    if (answer.url.endsWith("/login")) return location.assign(answer.url);
    if (!answer.headers.get("content-type").startsWith("text/html")) return refuse(await answer.json());
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    put(document.adoptNode(page.getElementById("inbox")));
  } catch {
    refuse({ detail: "The server did not answer. Press the key again: nothing is saved twice." });
  } finally {
    busy = false;
    inbox().removeAttribute("aria-busy");
  }
}

// What is switched on for the session stays so, whichever form of the page is sent.
function switches(body) {
  const quoting = card()?.querySelector("select[name=quoting]");
  const approves = card()?.querySelector("[name=approves][type=checkbox]");
  if (quoting) body.set("quoting", quoting.value);
  if (approves) body.set("approves", approves.checked ? "yes" : "no");
}

function refuse(problem) {
  const line = inbox().querySelector(".refused") ?? document.createElement("p");
  line.className = "card refused";
  line.setAttribute("role", "alert");
  line.textContent = problem.detail ?? problem.title ?? "The server refused this.";
  card().before(line);
}

function put(next) {
  inbox().replaceWith(next);
  next.querySelectorAll("time[datetime]").forEach(local);
  begin();
  tell(next.querySelector("[role=alert]")?.textContent ?? next.querySelector("[data-announce]")?.textContent ?? "");
}

function tell(text) {
  document.getElementById("announce").textContent = text.replace(/\s+/g, " ").trim();
}

function begin() {
  const typed = card()?.querySelector("[name=typed]");
  if (typed?.value) {
    filter(typed);
    typed.focus();
  } else if (!location.hash) card()?.focus({ preventScroll: true });
  card()?.querySelectorAll(".before ol").forEach((one) => (one.scrollTop = one.scrollHeight));
  card()?.querySelectorAll("[data-add]").forEach((one) => (one.hidden = false));
  fold();
  if (!isPlain()) scrollTo({ top: 0 });
}

// Labels: what is typed leaves those that hold it; Enter takes the first of them.
function filter(typed) {
  const part = plain(typed.value);
  const buttons = [...card().querySelectorAll("[name=label]")];
  const left = buttons.filter((one) => !(one.hidden = !plain(one.value).includes(part)));
  left.sort((a, b) => plain(b.value).startsWith(part) - plain(a.value).startsWith(part));
  buttons.forEach((one) => one.classList.toggle("first", part !== "" && one === left[0]));
  card().querySelector(".none").hidden = left.length > 0;
  return left[0];
}

const plain = (text) => text.toLowerCase().replaceAll(/[\s_-]+/g, " ").trim();

function enter(event) {
  const typed = event.target;
  const isNew = card().querySelector("[name=allow_new]")?.checked;
  if (typed.name !== "typed" || !typed.value.trim() || isNew) return;
  event.preventDefault();
  const first = filter(typed);
  if (first) first.click();
  else {
    tell("No label of this task has that in its name.");
    card().querySelector("[name=allow_new]")?.focus();
  }
}

document.addEventListener("input", ({ target }) => {
  if (target.name === "typed") filter(target);
  if (target.matches("[data-all]")) {
    for (const one of card().querySelectorAll("[name=alike]")) one.checked = target.checked;
  }
  if ("was" in target.dataset) mark(target);
  if (/\.(name|last_name)$/.test(target.name ?? "")) rename(target.closest(".row"));
});

document.addEventListener("submit", (event) => {
  if (!event.target.closest("#inbox") || isPlain()) return;
  event.preventDefault();
  leave(event.target, event.submitter);
});

document.addEventListener("click", ({ target }) => {
  if (target.dataset.add) add(target);
});

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || !card()) return;
  const inside = inbox().contains(target);
  if (!inside && target !== document.body) return;
  if (key === "Escape" && inside) return back();
  if (isText(target)) {
    if (key === "Enter" && target.matches("input")) {
      enter(event);
      if (target.closest(".coding")) next(event);
      if (target.name === "note") {
        event.preventDefault();
        card().focus();
      }
    }
    return;
  }
  if (key === "Enter" && target !== card() && target !== document.body) return;
  const selector = /^[1-9]$/.test(key) ? `[data-number="${key}"]` : `[data-key="${CSS.escape(key)}"]`;
  const control = inbox().querySelector(selector);
  if (!control || control.hidden) return;
  event.preventDefault();
  if (!event.repeat) act(control);
});

// From a field to the keys; what was typed to find a label is done with, unless it is a new one.
function back() {
  const typed = card().querySelector("[name=typed]");
  if (typed && !card().querySelector("[name=allow_new]")?.checked) {
    typed.value = "";
    filter(typed);
  }
  card().focus();
}

function act(control) {
  if (control.matches("select")) {
    control.selectedIndex = (control.selectedIndex + 1) % control.options.length;
    tell(`${control.closest("label").firstChild.textContent}: ${control.selectedOptions[0].text}`);
  } else if (control.matches("input[type=text], textarea")) control.focus();
  else {
    const folded = control.closest("details:not([open])");
    if (folded && !control.matches("summary")) folded.open = true;
    control.click();
    if (control.matches("[type=checkbox]")) tell(`${control.parentElement.textContent.trim()}: ${control.checked ? "on" : "off"}`);
  }
}

// The form of an extraction: what differs is marked, names stand in the choices, rows are added.
function mark(field) {
  const now = field.multiple ? [...field.selectedOptions].map((one) => one.value).join(" ") : field.value;
  field.closest("label").classList.toggle("changed", now !== field.dataset.was);
}

function rename(row) {
  const id = row.querySelector("[name$='.id']").value;
  const name = [...row.querySelectorAll("[name$='.name'], [name$='.last_name']")].map((one) => one.value.trim()).filter(Boolean).join(" ");
  for (const choices of card().querySelectorAll("[data-of=person]")) {
    let option = [...choices.options].find((one) => one.value === id);
    if (!option) choices.append((option = new Option("", id)));
    option.textContent = name || row.getAttribute("aria-label");
  }
}

// Enter in a field of many leads to the next one, and saves nothing.
function next(event) {
  event.preventDefault();
  const fields = [...event.target.form.elements].filter((one) => isText(one) && one.checkVisibility());
  const after = fields[fields.indexOf(event.target) + 1];
  (after ?? event.target.form.querySelector("button.main")).focus();
}

// Empty rows are for who has no script: one row of a kind stays where there is none, and a person's.
function fold() {
  for (const rows of card()?.querySelectorAll(".rows") ?? []) {
    const spare = [...rows.querySelectorAll(".row.new")];
    const isAny = rows.querySelector(".row:not(.new)") !== null && rows.dataset.kind !== "people";
    spare.slice(isAny ? 0 : 1).forEach((one) => (one.hidden = true));
  }
}

function add(button) {
  const rows = card().querySelectorAll(`.rows[data-kind=${button.dataset.add}] .row`);
  const spare = [...rows].find((one) => one.hidden);
  if (spare) {
    spare.hidden = false;
    return spare.querySelector("input[type=text], select").focus();
  }
  if (rows.length >= MOST_ROWS) return;
  const made = rows[rows.length - 1].cloneNode(true);
  const ids = [...card().querySelectorAll("[name$='.id']")].map((one) => Number(one.value));
  made.classList.add("new");
  made.setAttribute("aria-label", made.getAttribute("aria-label").replace(/\d+$/, rows.length + 1));
  made.querySelector(".gone")?.remove();
  made.querySelector("[name$='.confidence']")?.remove();
  for (const field of made.querySelectorAll("input, select")) {
    field.name = field.name.replace(/\.\d+\./, `.${rows.length}.`);
    delete field.dataset.was;
    field.closest("label")?.classList.remove("changed");
    if (field.matches("select")) field.selectedIndex = field.multiple ? -1 : 0;
    else field.value = field.name.endsWith(".id") ? Math.min(0, ...ids) - 1 : "";
  }
  button.before(made);
  made.querySelector("input[type=text], select").focus();
}

begin();
