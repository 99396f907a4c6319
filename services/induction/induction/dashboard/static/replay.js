// A finished run once more, change by change: the chart and the list grow as they did.
import { draw, showUpTo } from "/dashboard/static/chart.js";

const STEP_MS = 900;
const box = document.querySelector("#replay");
let timer;

export function replay() {
  const drawn = draw();
  if (!box || !drawn || drawn.changes.length < 2) return;
  const [button, range, caption] = box.children;
  const last = drawn.changes.length - 1;
  const ofAll = last === 1 ? "the one measured change" : `all ${last} measured changes`;
  range.max = last;
  range.value = last;
  box.hidden = false;

  function show(place) {
    const n = drawn.changes[place];
    const isAll = place === last;
    showUpTo(isAll ? undefined : place);
    for (const card of document.querySelectorAll(".changes [data-n]")) card.hidden = !isAll && Number(card.dataset.n) > n;
    const words = isAll ? ofAll : `up to change ${n}`;
    caption.textContent = words;
    range.setAttribute("aria-valuetext", words);
    range.value = place;
  }

  function stop() {
    clearInterval(timer);
    timer = undefined;
    button.textContent = "Replay";
  }

  range.addEventListener("input", () => {
    stop();
    show(Number(range.value));
  });
  button.addEventListener("click", () => {
    if (timer) return stop();
    let place = Number(range.value) === last ? 0 : Number(range.value);
    button.textContent = "Hold";
    show(Math.max(1, place));
    timer = setInterval(() => {
      place += 1;
      if (place > last) return stop();
      show(place);
    }, STEP_MS);
  });
  caption.textContent = ofAll;
}
