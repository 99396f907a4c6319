// A run as it happens. The stream says that there is news; what is new is rendered by the server,
// and the parts of the page that differ are put in the place of the old ones.
import { local, send } from "/dashboard/static/page.js";
import { fitted } from "/dashboard/static/phone.js";
import { draw } from "/dashboard/static/chart.js";
import { replay } from "/dashboard/static/replay.js";

const run = document.querySelector("#run");
const path = `/dashboard/runs/${run.dataset.run}`;
const doing = document.querySelector("#doing");
const bar = document.querySelector("#progress");
const WAIT_MS = 150;
const STORED = [
  "run_started", "prompt_evaluated", "patterns_found", "prompt_proposed", "approval_awaited",
  "approval_decided", "change_rejected",
  "change_kept", "hint_taken", "front_measured", "search_stopped", "fold_scored",
  "cross_validated", "verdict_reached", "errors_analysed", "run_finished",
];
const NOW = {
  run_started: "measures the baseline",
  patterns_found: "a model proposes a change",
  prompt_proposed: "measures the change",
  approval_awaited: "a change waits for you",
  approval_decided: "goes on",
  search_stopped: "the search is over; the verdict comes next",
  verdict_reached: "looks at what is still wrong",
};
const RATE_MS = 15_000;
const AWAY = "no connection to the server; trying again";
const AGAIN_MS = 3_000;
// What is asked just now, by the name of its progress.
const ASKED = {
  train: "the cases that teach", validation: "validation", test: "the untouched cases, for the verdict",
  "the ladder": "prompts with few and many examples, on some of validation",
  gate: "the change, on the cases that teach", error_analysis: "what is still wrong",
  cross_validation: "the search, repeated without some of the cases",
};
let timer;
let standing = doing?.textContent;
let came = [];

async function refresh() {
  let answer;
  try {
    answer = await fetch(path);
  } catch {
    return away();
  }
  if (answer.redirected || answer.status === 401) return signIn();
  if (!answer.ok) {
    away();
    return soon(AGAIN_MS);
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of fresh.querySelectorAll("[data-part]")) {
    const old = document.querySelector(`[data-part="${part.dataset.part}"]`);
    part.querySelectorAll("time[datetime]").forEach(local);
    fitted(part);
    // What somebody is writing there, and the countdown, are no news.
    if (old?.dataset.wait && old.dataset.wait === part.dataset.wait) continue;
    if (!old || old.outerHTML === part.outerHTML) continue;
    // What a reader has unfolded stays so, and where the reader is.
    for (const fold of old.querySelectorAll("details[id][open]")) {
      part.querySelector(`#${fold.id}`)?.setAttribute("open", "");
    }
    const at = old.contains(document.activeElement) ? place(document.activeElement) : null;
    old.replaceWith(document.adoptNode(part));
    if (at) part.querySelector(at)?.focus({ preventScroll: true });
  }
  if (!fresh.querySelector("[data-over]")) {
    // Of an answer nothing is streamed until a worker has heard it.
    const waits = doing.textContent === NOW.approval_awaited;
    if (waits && !fresh.querySelector("[data-wait]")) doing.textContent = fresh.querySelector("#doing").textContent;
    return draw();
  }
  document.querySelector("#now")?.remove();
  document.querySelector("#hint")?.remove();
  replay();
}

// What a change changes is fetched when somebody wants to see it.
document.addEventListener("toggle", async ({ target }) => {
  if (!target.open || !target.dataset?.load || target.dataset.has) return;
  const inside = target.querySelector("div");
  try {
    const answer = await fetch(target.dataset.load);
    if (!answer.ok) throw new Error();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    inside.replaceChildren(document.adoptNode(page.querySelector("[data-hunks]")));
    target.dataset.has = "all";
  } catch {
    inside.textContent = "It did not come: close this and open it again.";
  }
}, true);

// Nothing is lost by it: the stream goes on where it was.
function away() {
  if (doing.textContent !== AWAY) standing = doing.textContent;
  doing.textContent = AWAY;
  bar.hidden = true;
}

// Nothing is taken away from who writes here: the page stays as it is.
function signIn() {
  if (doing.querySelector("a")) return;
  const link = document.createElement("a");
  link.href = `/dashboard/login?next=${encodeURIComponent(path)}`;
  link.textContent = "Sign in again";
  doing.replaceChildren("your session is over. ", link, ", and this page goes on.");
  bar.hidden = true;
}

// How fast answers come, by those of the last seconds.
function pace(done, total) {
  const now = Date.now();
  if (came.length && came.at(-1)[1] > done) came = [];
  came = [...came.filter(([at]) => now - at < RATE_MS), [now, done]];
  const [[since, before]] = came;
  const rate = (done - before) / ((now - since) / 1_000);
  if (!(rate > 0) || !Number.isFinite(rate)) return "";
  const left = Math.round((total - done) / rate);
  const lasts = left < 60 ? `${left} s` : `${Math.round(left / 60)} min`;
  return `, ${rate < 10 ? rate.toFixed(1) : Math.round(rate)} a second, about ${lasts} left of these`;
}

// How what has the focus is found again in the part that takes the place of its own.
function place(element) {
  const fold = element.matches("summary") && element.closest("details[id]");
  if (fold) return `#${fold.id} > summary`;
  if (element.id) return `#${element.id}`;
  const card = element.closest("[data-n]");
  const own = element.matches("a[href]") ? `a[href="${CSS.escape(element.getAttribute("href"))}"]` : null;
  return own && (card ? `[data-n="${card.dataset.n}"] ${own}` : own);
}

function soon(wait = WAIT_MS) {
  clearTimeout(timer);
  timer = setTimeout(refresh, wait);
}

function follow() {
  const source = new EventSource(`${path}/events?after=${run.dataset.last}`);
  for (const type of STORED) {
    source.addEventListener(type, ({ lastEventId }) => {
      run.dataset.last = lastEventId;
      if (NOW[type]) doing.textContent = NOW[type];
      bar.hidden = true;
      soon();
      if (type === "run_finished") source.close();
    });
  }
  source.addEventListener("evaluation_progress", (event) => {
    const { split, done, total } = JSON.parse(event.data);
    doing.textContent = `${ASKED[split] ?? split}: ${done} of ${total} answers${pace(done, total)}`;
    bar.max = total;
    bar.value = done;
    bar.hidden = false;
  });
  source.addEventListener("run_waits", (event) => {
    const { status, reason } = JSON.parse(event.data);
    doing.textContent = status === "awaiting_approval" ? NOW.approval_awaited : reason;
    bar.hidden = true;
    soon();
  });
  // A refusal ends an EventSource for good: the page is looked at, and the stream opened again.
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return away();
    soon();
    setTimeout(() => document.contains(doing) && follow(), AGAIN_MS);
  });
  source.addEventListener("open", () => {
    if (doing.textContent !== AWAY && !doing.querySelector("a")) return;
    doing.textContent = standing;
    soon();
  });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-order]");
  if (!button) return;
  button.disabled = true;
  try {
    await send(`runs/${run.dataset.run}/${button.dataset.order}`);
    soon();
  } catch (problem) {
    button.closest("[data-part]").querySelector("[role=alert]").textContent = problem.message;
    button.disabled = false;
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.id !== "veto" && form.id !== "pin") return;
  event.preventDefault();
  try {
    if (form.id === "pin") {
      await send(`runs/${run.dataset.run}/pins`, { block: form.block.value });
      return soon();
    }
    await send(`runs/${run.dataset.run}/changes/${form.dataset.change}/veto`, { reason: form.reason.value });
    soon();
  } catch (problem) {
    form.querySelector("[role=alert]").textContent = problem.message;
  }
});

function countDown() {
  for (const one of document.querySelectorAll("[data-until]")) {
    const left = Math.max(0, Math.floor((new Date(one.dataset.until) - Date.now()) / 1_000));
    const [hours, minutes, seconds] = [left / 3_600, (left / 60) % 60, left % 60].map(Math.floor);
    one.textContent = hours ? `${hours} h ${minutes} min left` : `${minutes} min ${seconds} s left`;
  }
}

document.querySelector("#hint")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const line = form.querySelector("[role=status]");
  try {
    await send(`runs/${run.dataset.run}/hints`, { hint: form.hint.value });
    form.reset();
    line.textContent = "The next proposal hears it.";
    soon();
  } catch (problem) {
    line.textContent = problem.message;
  }
});

countDown();
setInterval(countDown, 1_000);
if ("over" in run.dataset) replay();
else {
  draw();
  follow();
}
