// What every page has: how a change is sent, forms that send one and are not lost unsent, filters
// that apply themselves, and times in the reader's own zone.
const proofOf = (page) => page.querySelector('meta[name="proof"]')?.content ?? "";
let proof = proofOf(document);

// Where a body was not understood, and what should have stood there.
function expected({ errors }) {
  const first = errors?.find((one) => one.expected);
  return first && `${first.loc.at(-1)}: ${first.expected}`;
}

export class Refused extends Error {
  constructor(reply) {
    const isOver = proof && reply.code === "unauthenticated";
    const why = isOver ? "Your login is over; what you typed stays here." : reply.detail;
    super(why ?? expected(reply) ?? reply.title ?? "The server did not answer.");
    Object.assign(this, { reply, isOver });
  }
}

// What went wrong, in its place; where the login is over, with the way to a new one.
export function tell(line, problem) {
  line.textContent = problem.message;
  if (!problem.isOver) return;
  const link = document.createElement("a");
  Object.assign(link, { href: "/dashboard/login", target: "_blank", rel: "noopener" });
  link.textContent = "Log in in a new tab";
  line.append(" ", link, ", and send it again.");
}

function post(path, body) {
  return fetch(`/dashboard/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-proof": proof },
    body: JSON.stringify(body ?? {}),
  }).catch(() => {
    throw new Error("There is no connection to the server: try again in a moment.");
  });
}

// Somebody who has logged in anew in another tab has another proof than this page came with.
async function renewed() {
  const page = await fetch("/dashboard/start").then((answer) => answer.text());
  const made = proofOf(new DOMParser().parseFromString(page, "text/html"));
  const isNew = made !== "" && made !== proof;
  if (isNew) proof = made;
  return isNew;
}

export async function send(path, body) {
  let answer = await post(path, body);
  if (answer.status === 204) return {};
  let reply = await answer.json().catch(() => ({}));
  if (reply.code === "no_proof" && (await renewed())) {
    answer = await post(path, body);
    reply = await answer.json().catch(() => ({}));
  }
  if (answer.ok) return reply;
  throw new Refused(reply);
}

// What a person has typed and not sent is asked about before the page goes.
const typed = new WeakSet();

export function sent(form) {
  typed.delete(form);
}

function differs(field) {
  const { type, options, disabled } = field;
  if (disabled) return false;
  if (type === "checkbox" || type === "radio") return field.checked !== field.defaultChecked;
  if (type === "file") return field.files.length > 0;
  if (!options) return "defaultValue" in field && field.value !== field.defaultValue;
  const first = [...options].findIndex((one) => one.defaultSelected);
  return field.selectedIndex !== Math.max(0, first);
}

for (const kind of ["input", "change"]) {
  addEventListener(kind, ({ target, isTrusted }) => {
    if (isTrusted && target.form && target.form.getAttribute("method") !== "get") typed.add(target.form);
  });
}
addEventListener("submit", ({ target, defaultPrevented }) => defaultPrevented || sent(target));
addEventListener("beforeunload", (event) => {
  const isLost = (form) => typed.has(form) && [...form.elements].some(differs);
  if ([...document.forms].some(isLost)) event.preventDefault();
});

// Numbers go as numbers, a box as yes or no, the boxes of one list as a list, JSON as what it is,
// local times with their offset; what is left empty is left out.
export function valuesOf(form) {
  const body = {};
  for (const field of form.elements) {
    const { name, type } = field;
    if (!name || field.disabled || type === "submit") continue;
    const value = "json" in field.dataset ? JSON.parse(field.value) : field.value;
    if (type === "checkbox" && "list" in field.dataset) {
      if (field.checked) (body[name] ??= []).push(value);
    } else if (type === "checkbox") body[name] = field.checked;
    else if (value === "") continue;
    else if (type === "number") body[name] = Number(value);
    else if (type === "datetime-local") body[name] = new Date(value).toISOString();
    else body[name] = value;
  }
  return body;
}

for (const form of document.querySelectorAll("form[data-send]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const line = form.querySelector("[role=alert]");
    const buttons = form.querySelectorAll("button");
    buttons.forEach((one) => { one.disabled = true; });
    try {
      const reply = await send(form.dataset.send, valuesOf(form));
      sent(form);
      if (form.dataset.then) location.assign(form.dataset.then.replace("{id}", reply.id));
      else form.dispatchEvent(new CustomEvent("sent", { detail: reply }));
    } catch (problem) {
      if (line) tell(line, problem);
      buttons.forEach((one) => { one.disabled = false; });
    }
  });
}

for (const choice of document.querySelectorAll("form.filter select")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
}

// What is wider or higher than its place is reached by the keyboard, too.
export function reach() {
  for (const place of document.querySelectorAll(".scroll, .tree-frame, .prompt, .before ol, pre")) {
    const isWider = place.scrollWidth > place.clientWidth;
    place.toggleAttribute("data-cut", isWider);
    if (isWider || place.scrollHeight > place.clientHeight) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
  }
}

reach();
addEventListener("resize", reach);

export function local(time) {
  const [upTo, timeStyle] = "seconds" in time.dataset ? [19, "medium"] : [16, "short"];
  time.title = `${time.dateTime.slice(0, upTo).replace("T", " ")} UTC`;
  time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle });
}

document.querySelectorAll("time[datetime]").forEach(local);

// An option holds text alone: the moment in it is written anew.
for (const option of document.querySelectorAll("option[data-at]")) {
  const own = new Date(option.dataset.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  option.textContent = option.textContent.replace(/\d+ \w+ \d{4}, \d\d:\d\d UTC/, own);
}

// A form that is sent without a script has its moments in UTC; here they are the reader's own, and
// are sent as what they are in UTC.
const seconds = (moment) => moment.toISOString().slice(0, 19);

for (const field of document.querySelectorAll("input[type=datetime-local][data-utc]")) {
  const moment = new Date(`${field.defaultValue}Z`);
  if (!Number.isNaN(moment.getTime())) {
    field.value = seconds(new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000));
    field.title = `${field.defaultValue.slice(0, 16).replace("T", " ")} UTC`;
  }
  field.closest("label").querySelector("[data-zone]").remove();
  field.form.addEventListener("formdata", ({ formData }) => {
    if (field.value) formData.set(field.name, seconds(new Date(field.value)));
  });
}
