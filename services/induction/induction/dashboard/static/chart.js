// The search as a chart one reads off: lines are switched on and off, the cursor tells the numbers
// at a change, and a replay shows it up to one. Without a script the drawing of the server stays.
const section = document.querySelector("#searching");
const mount = document.querySelector("#plot");
const choices = document.querySelector("#lines");
const readout = document.querySelector("#readout");
const more = document.querySelector("#more-lines");
const dark = matchMedia("(prefers-color-scheme: dark)");
const HEIGHT = 260;
const INK = { best: "--accent", kept: "--accent", rejected: "--soft", undecided: "--warn", train: "--good" };
const DOTS = new Set(["kept", "rejected", "undecided"]);
const HUE = 47;
const shown = new Set(["best", "kept", "rejected", "undecided"]);
let chart;
let drawn;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const key = (line) => (line.kind === "component" ? line.name : line.kind);
const named = (line) => (line.kind === "train" ? "F1 on the cases that teach" : line.name.replace("f1:", "F1 of "));
const ink = (line, number) => (line.kind === "component" ? `hsl(${(number * HUE) % 360} 55% ${dark.matches ? 68 : 42}%)` : colour(INK[line.kind]));

function series(line, number) {
  const stroke = ink(line, number);
  const dots = { show: true, size: 9, stroke, fill: line.kind === "kept" ? stroke : colour("--card") };
  const isDots = DOTS.has(line.kind);
  return {
    label: named(line),
    show: shown.has(key(line)),
    stroke,
    width: isDots ? 0 : 2,
    dash: line.kind === "component" ? [8, 4] : [],
    paths: line.kind === "best" ? uPlot.paths.stepped({ align: 1 }) : isDots ? () => null : undefined,
    points: isDots ? dots : { show: line.kind !== "best", size: 6, stroke, fill: stroke },
    spanGaps: true,
  };
}

function tell(at) {
  const { changes, lines } = drawn;
  const numbers = lines
    .filter((line) => shown.has(key(line)) && line.scores[at] != null)
    .map((line) => `${named(line)} ${line.scores[at].toFixed(3)}`);
  readout.textContent = `${changes[at] ? `change ${changes[at]}` : "the baseline"}: ${numbers.join(", ")}`;
}

// Of all that is switched on, so that a replay does not stretch what it shows.
function span() {
  const scores = drawn.lines.filter((line) => shown.has(key(line))).flatMap((line) => line.scores).filter((one) => one !== null);
  if (!scores.length) return [0, 1];
  return [Math.max(0, Math.min(...scores) - 0.03), Math.min(1, Math.max(...scores) + 0.03)];
}

function options() {
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const at = (place) => (drawn.changes[place] === 0 ? "baseline" : `${drawn.changes[place] ?? ""}`);
  return {
    width: mount.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    scales: { x: { time: false, range: (_, low, high) => [low - 0.3, high + 0.3] }, y: { range: span } },
    axes: [
      { ...axis, label: "change", labelSize: 20, incrs: [1, 2, 5, 10, 20, 50], values: (_, places) => places.map(at) },
      { ...axis, label: "F1", labelSize: 20, values: (_, scores) => scores.map((one) => one.toFixed(2)) },
    ],
    series: [{}, ...drawn.lines.map(series)],
    hooks: { setCursor: [({ cursor }) => cursor.idx != null && tell(cursor.idx)] },
  };
}

function choice(line, number) {
  const label = document.createElement("label");
  const box = document.createElement("input");
  const swatch = document.createElement("span");
  box.type = "checkbox";
  box.checked = shown.has(key(line));
  box.addEventListener("change", () => {
    shown[box.checked ? "add" : "delete"](key(line));
    chart.setSeries(number + 1, { show: box.checked });
    tell(drawn.changes.length - 1);
  });
  // Looks as it is drawn: a line, or a dot that is full or hollow.
  swatch.className = `swatch${DOTS.has(line.kind) ? " round" : ""}`;
  swatch.style.borderColor = ink(line, number);
  if (line.kind === "kept" || !DOTS.has(line.kind)) swatch.style.background = ink(line, number);
  label.append(box, swatch, named(line));
  return label;
}

function offered() {
  const made = drawn.lines.map((line, number) => [line.kind === "component", choice(line, number)]);
  choices.replaceChildren(...made.filter(([isOther]) => !isOther).map(([, one]) => one));
  const others = made.filter(([isOther]) => isOther).map(([, one]) => one);
  more.querySelector("div").replaceChildren(...others);
  more.hidden = !others.length;
}

// Lines that never had two numbers would be an empty box.
function usable({ changes, lines }) {
  const many = (line) => line.scores.filter((one) => one !== null).length;
  return { changes, lines: lines.filter((line) => many(line) > (DOTS.has(line.kind) ? 0 : 1) || line.kind === "kept") };
}

const cut = (to) => [[...drawn.changes.keys()], ...drawn.lines.map((line) => line.scores)].map(
  (row, number) => (number === 0 || to === undefined ? row : row.map((one, at) => (at <= to ? one : null))),
);

// Up to one place of the chart; all of it without one.
export function showUpTo(place) {
  chart?.setData(cut(place));
  if (chart) tell(place ?? drawn.changes.length - 1);
}

export function draw() {
  const points = document.querySelector("#points");
  if (!points || !mount || typeof uPlot === "undefined") return null;
  const before = drawn && JSON.stringify(drawn);
  drawn = usable(JSON.parse(points.dataset.points));
  section.classList.add("plotted");
  for (const one of [mount, choices, readout]) one.hidden = false;
  if (before !== JSON.stringify(drawn) || !chart) make();
  return drawn;
}

function make() {
  chart?.destroy();
  chart = new uPlot(options(), cut(), mount);
  offered();
  tell(drawn.changes.length - 1);
}

dark.addEventListener("change", () => chart && make());
if (mount) new ResizeObserver(() => chart?.setSize({ width: mount.clientWidth, height: HEIGHT })).observe(mount);
