// What every page has: how a change is sent, forms that send one, filters that apply themselves,
// and times in the reader's own zone.
const proof = document.querySelector('meta[name="proof"]')?.content ?? "";

// Where a body was not understood, and what should have stood there.
function expected({ errors }) {
  const first = errors?.find((one) => one.expected);
  return first && `${first.loc.at(-1)}: ${first.expected}`;
}

export class Refused extends Error {
  constructor(reply) {
    super(reply.detail ?? expected(reply) ?? reply.title ?? "The server did not answer.");
    this.reply = reply;
  }
}

export async function send(path, body) {
  const answer = await fetch(`/dashboard/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-proof": proof },
    body: JSON.stringify(body ?? {}),
  }).catch(() => {
    throw new Error("There is no connection to the server: try again in a moment.");
  });
  if (answer.status === 204) return {};
  const reply = await answer.json().catch(() => ({}));
  if (answer.ok) return reply;
  throw new Refused(reply);
}

// Numbers go as numbers, a box as yes or no, the boxes of one list as a list, JSON as what it is,
// local times with their offset; what is left empty is left out.
export function given(form) {
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
      const reply = await send(form.dataset.send, given(form));
      if (form.dataset.then) location.assign(form.dataset.then.replace("{id}", reply.id));
      else form.dispatchEvent(new CustomEvent("sent", { detail: reply }));
    } catch (problem) {
      if (line) line.textContent = problem.message;
      buttons.forEach((one) => { one.disabled = false; });
    }
  });
}

for (const choice of document.querySelectorAll("form.filter select")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
}

// What is wider or higher than its place is reached by the keyboard, too.
export function reach() {
  for (const place of document.querySelectorAll(".scroll, .tree-frame, .prompt, pre")) {
    const isWider = place.scrollWidth > place.clientWidth;
    place.toggleAttribute("data-cut", isWider);
    if (isWider || place.scrollHeight > place.clientHeight) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
  }
}

reach();
addEventListener("resize", reach);

export function local(time) {
  time.title = `${time.dateTime.slice(0, 16).replace("T", " ")} UTC`;
  time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

document.querySelectorAll("time[datetime]").forEach(local);

// A form that is sent without a script has its moments in UTC; here they are the reader's own, and
// are sent as what they are in UTC.
const seconds = (moment) => moment.toISOString().slice(0, 19);

for (const field of document.querySelectorAll("input[type=datetime-local][data-utc]")) {
  const given = new Date(`${field.defaultValue}Z`);
  if (!Number.isNaN(given.getTime())) {
    field.value = seconds(new Date(given.getTime() - given.getTimezoneOffset() * 60_000));
    field.title = `${field.defaultValue.slice(0, 16).replace("T", " ")} UTC`;
  }
  field.closest("label").querySelector("[data-zone]").remove();
  field.form.addEventListener("formdata", ({ formData }) => {
    if (field.value) formData.set(field.name, seconds(new Date(field.value)));
  });
}
