// What a table can do once it has rows enough: be sorted by a column, keep the rows that hold a
// word, be leafed through, and be saved as CSV; one that is `data-saved` is saved however few they
// are. A table of which the server sends a page at a time is sorted by the server instead.
const SORTED_FROM = 3;
const SEARCHED_FROM = 10;
const PAGE = 50;
const FORMULA = /^[=+\-@\t\r]/;
const collator = new Intl.Collator([], { numeric: true });

const text = (cell) => cell.textContent.trim().replace(/\s+/g, " ");

function sortable(cell) {
  const time = cell.querySelector("time[datetime]");
  return time ? time.dateTime : text(cell);
}

function number(value) {
  const read = value.replace(/[,\s]/g, "").match(/^[+\-−]?\d*\.?\d+/);
  return read ? Number(read[0].replace("−", "-")) : NaN;
}

const isNothing = (value) => value === "" || value === "–";

function sort(table, column, isDown) {
  const body = table.tBodies[0];
  const keyed = [...body.rows].map((row) => ({ row, key: sortable(row.cells[column]) }));
  const known = keyed.filter(({ key }) => !isNothing(key));
  const isNumeric = known.every(({ key }) => !Number.isNaN(number(key)) && !/^\d{4}-/.test(key));
  const compared = isNumeric
    ? (a, b) => number(a.key) - number(b.key)
    : (a, b) => collator.compare(a.key, b.key);
  known.sort((a, b) => (isDown ? compared(b, a) : compared(a, b)));
  body.append(...known.map(({ row }) => row));
  body.append(...keyed.filter(({ key }) => isNothing(key)).map(({ row }) => row));
  return isNumeric;
}

// Which rows are to be seen: a page of those that a word keeps.
function leafed(table) {
  const body = table.tBodies[0];
  const state = { out: new Set(), page: 0, show };
  const isLong = body.rows.length > PAGE;
  const line = document.createElement("nav");
  const place = document.createElement("span");
  const leaf = (title, by) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = title;
    button.addEventListener("click", () => {
      state.page += by;
      show();
      table.scrollIntoView({ block: "nearest" });
    });
    return button;
  };
  const [earlier, later] = [leaf("Earlier rows", -1), leaf("More rows", 1)];
  place.setAttribute("role", "status");
  line.className = "tools";
  line.setAttribute("aria-label", "Rows of the table");
  line.append(earlier, place, later);
  if (isLong) (table.closest(".scroll") ?? table).after(line);
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))?.closest("tr");
  state.page = Math.floor(Math.max(0, [...body.rows].indexOf(target)) / PAGE);

  function show() {
    const kept = [...body.rows].filter((row) => !state.out.has(row));
    const last = Math.max(0, Math.ceil(kept.length / PAGE) - 1);
    state.page = Math.min(Math.max(0, state.page), last);
    const shown = new Set(kept.slice(state.page * PAGE, (state.page + 1) * PAGE));
    for (const row of body.rows) row.hidden = !shown.has(row);
    line.hidden = last === 0;
    earlier.disabled = state.page === 0;
    later.disabled = state.page === last;
    const first = state.page * PAGE + 1;
    place.textContent = `${first} to ${first + shown.size - 1} of ${kept.length}`;
  }
  show();
  return state;
}

function headed(table, rows) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!text(head)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const isFirst = head.classList.contains("number") ? "descending" : "ascending";
      const other = before === "ascending" ? "descending" : "ascending";
      const now = before ? other : isFirst;
      for (const one of table.tHead.rows[0].cells) one.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", now);
      sort(table, column, now === "descending");
      rows.page = 0;
      rows.show();
    });
  });
}

function cell(value) {
  const isFormula = FORMULA.test(value) && Number.isNaN(Number(value));
  return `"${(isFormula ? `'${value}` : value).replaceAll('"', '""')}"`;
}

// Of all pages; a column of forms holds what can be done, and nothing to save.
function csv(table, kept) {
  const head = table.tHead.rows[0];
  const rows = [head, ...[...table.tBodies[0].rows].filter((row) => !kept.out.has(row))];
  const acts = [...head.cells].map((_, column) => rows.some((row) => row.cells[column].querySelector("form")));
  const saved = (row) => [...row.cells].filter((_, column) => !acts[column]);
  const lines = rows.map((row) => saved(row).map((one) => cell(sortable(one))).join(","));
  return `\ufeff${lines.join("\r\n")}\r\n`;
}

function save(table, kept) {
  const address = URL.createObjectURL(new Blob([csv(table, kept)], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${document.title.replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase()}.csv`;
  link.click();
  URL.revokeObjectURL(address);
}

function tools(table, kept) {
  const line = document.createElement("div");
  line.className = "tools";
  const label = document.createElement("label");
  const box = document.createElement("input");
  const count = document.createElement("span");
  const button = document.createElement("button");
  box.type = "search";
  label.append("Of these rows, keep what holds ", box);
  count.setAttribute("role", "status");
  button.type = "button";
  button.textContent = "Save as CSV";
  const rows = [...table.tBodies[0].rows];
  line.append(...(rows.length >= SEARCHED_FROM ? [label, count, button] : [button]));
  box.addEventListener("input", () => {
    const word = box.value.trim().toLowerCase();
    kept.out = new Set(rows.filter((row) => !text(row).toLowerCase().includes(word)));
    kept.page = 0;
    kept.show();
    count.textContent = word ? `${rows.length - kept.out.size} of ${rows.length}` : "";
  });
  button.addEventListener("click", () => save(table, kept));
  (table.closest(".scroll") ?? table).before(line);
}

// A run that goes on has its parts put anew: what is added to them would not last.
const isLive = document.querySelector("#run") && !document.querySelector("[data-over]");
for (const table of document.querySelectorAll("table:not([data-plain], [data-served], .hidden, .examples)")) {
  const body = table.tBodies[0];
  if (!table.tHead || !body || (isLive && table.closest("[data-part]"))) continue;
  const width = table.tHead.rows[0].cells.length;
  const isEven = [...body.rows].every((row) => row.cells.length === width);
  if (!isEven) continue;
  const kept = leafed(table);
  if (body.rows.length >= SORTED_FROM) headed(table, kept);
  if (body.rows.length >= SEARCHED_FROM || "saved" in table.dataset) tools(table, kept);
}
