// What every page has: how a change is sent, forms that send one, filters that apply themselves,
// and times in the reader's own zone.
const proof = document.querySelector('meta[name="proof"]')?.content ?? "";

export class Refused extends Error {
  constructor(reply) {
    super(reply.detail ?? reply.title ?? "The server did not answer.");
    this.reply = reply;
  }
}

export async function send(path, body) {
  const answer = await fetch(`/dashboard/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-proof": proof },
    body: JSON.stringify(body ?? {}),
  });
  if (answer.status === 204) return {};
  const reply = await answer.json().catch(() => ({}));
  if (answer.ok) return reply;
  throw new Refused(reply);
}

for (const form of document.querySelectorAll("form[data-send]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const line = form.querySelector("[role=alert]");
    const body = Object.fromEntries(new FormData(form));
    try {
      await send(form.dataset.send, body);
      location.assign(form.dataset.then);
    } catch (problem) {
      if (line) line.textContent = problem.message;
    }
  });
}

for (const choice of document.querySelectorAll("form.filter select")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
}

export function local(time) {
  time.title = `${time.dateTime.slice(0, 16).replace("T", " ")} UTC`;
  time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

document.querySelectorAll("time[datetime]").forEach(local);
