// What a page does for a phone: a row of a table can be shown as a card, since its cells say which
// column they are of; filters are folded; long names break after a "_"; the open tab is in sight.
// How that looks, and up to which width, is in phone.css.
import { reach } from "/dashboard/static/page.js";

const phone = matchMedia("(max-width: 640px)");
const CARDED = "table:not(.hidden, .examples, .matrix, .cases, [data-plain])";
const NAMES = "td, th, dd, .tag, .labels span, .about b";
const LONG = 60;
const KEPT = "pre, textarea, select, svg";
const SHOWN = "svg, img, input, select, button, form, progress";

const text = (one) => one.textContent.trim().replace(/\s+/g, " ");
const isBlank = (cell) => /^[–-]?$/.test(text(cell)) && !cell.querySelector(SHOWN);
const all = (root, which) => [...(root.matches?.(which) ? [root] : []), ...root.querySelectorAll(which)];

function card(row, names, long) {
  const cells = [...row.cells];
  if (cells.length !== names.length) return;
  const lead = cells.find((cell) => cell.tagName === "TH") ?? cells.find((cell) => !isBlank(cell) && !cell.matches(".choice"));
  cells.forEach((cell, column) => {
    cell.toggleAttribute("data-lead", cell === lead);
    cell.toggleAttribute("data-blank", isBlank(cell));
    cell.toggleAttribute("data-long", long.has(column));
    if (cell !== lead && names[column] && !cell.matches(".choice")) cell.dataset.label = names[column];
  });
}

// The head of a table of cards is out of sight: what sorts it is a list, and its other way round.
function sorting(table) {
  const heads = [...table.tHead.rows[0].cells].filter((head) => head.querySelector(".sort"));
  const place = table.closest(".scroll") ?? table;
  if (heads.length < 2 || place.previousElementSibling?.matches(".sorting")) return;
  const [line, choice, turn] = ["div", "select", "button"].map((name) => document.createElement(name));
  const sorted = () => heads.findIndex((head) => head.ariaSort);
  const press = (head) => head.querySelector(".sort").click();
  const arrow = () => {
    turn.disabled = sorted() < 0;
    turn.textContent = heads[sorted()]?.ariaSort === "descending" ? "\u2193" : "\u2191";
  };
  line.className = "sorting";
  choice.ariaLabel = "Sort by";
  if (sorted() < 0) choice.append(new Option("Sort by\u2026", "", true, true));
  heads.forEach((head, number) => choice.append(new Option(`Sort by ${text(head).toLowerCase()}`, number, false, number === sorted())));
  turn.type = "button";
  turn.ariaLabel = "The other way round";
  choice.addEventListener("change", () => {
    if (choice.value) press(heads[Number(choice.value)]);
    arrow();
  });
  turn.addEventListener("click", () => {
    press(heads[sorted()]);
    arrow();
  });
  arrow();
  line.append(choice, turn);
  place.before(line);
}

function breakable(place) {
  const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  const long = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (/\w_\w/.test(node.data) && !node.parentElement.closest(KEPT)) long.push(node);
  }
  for (const node of long) {
    const parts = node.data.split(/(?<=\w_)(?=\w)/);
    node.replaceWith(...parts.flatMap((part, number) => (number ? [document.createElement("wbr"), part] : [part])));
  }
}

// Of what a page shows, and of what it puts in later, before that is compared with what was there.
export function fitted(root) {
  for (const table of all(root, CARDED)) {
    if (!table.tHead) continue;
    const names = [...table.tHead.rows[0].cells].map(text);
    table.classList.add("carded");
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
    const long = new Set(rows.flatMap((row) => [...row.cells].flatMap((cell, column) => (text(cell).length > LONG ? [column] : []))));
    for (const row of rows) card(row, names, long);
    sorting(table);
  }
  all(root, NAMES).forEach(breakable);
  for (const tab of all(root, ":is(header nav, .tabs, .subnav) [aria-current]")) {
    const line = tab.parentElement;
    line.scrollLeft = tab.offsetLeft - (line.clientWidth - tab.offsetWidth) / 2;
  }
}

const written = ({ type, value }) =>
  type === "datetime-local" ? new Date(value).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : value;

// What a filter holds stands in its summary, so that nobody has to open it to know.
function folding(form) {
  const fields = [...form.elements].filter(({ name, type }) => name && !["hidden", "submit"].includes(type));
  if (fields.length < 2) return;
  const fold = document.createElement("details");
  const summary = document.createElement("summary");
  const chosen = fields.flatMap((one) => {
    if (one.type === "checkbox") return one.checked ? [text(one.parentElement)] : [];
    return one.value ? [one.selectedOptions ? text(one.selectedOptions[0]) : written(one)] : [];
  });
  fold.className = "fold";
  summary.textContent = chosen.length ? `Filter: ${chosen.join(", ")}` : "Filter";
  fold.append(summary);
  const turn = () => {
    if (phone.matches && !fold.isConnected) {
      form.before(fold);
      fold.append(form);
    } else if (!phone.matches && fold.isConnected) fold.replaceWith(form);
  };
  turn();
  phone.addEventListener("change", turn);
}

document.querySelectorAll("form.filter, form.search, form:has(> .search)").forEach(folding);
fitted(document.body);
reach();
new MutationObserver((changes) => {
  const put = changes.flatMap(({ addedNodes }) => [...addedNodes]).filter((one) => one instanceof Element && one.isConnected && one.tagName !== "WBR");
  new Set(put.map((one) => one.closest("table") ?? one)).forEach(fitted);
  if (put.length) reach();
}).observe(document.body, { childList: true, subtree: true });
