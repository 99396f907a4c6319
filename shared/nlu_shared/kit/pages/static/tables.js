// What a table can do once it has rows enough: be sorted by a column, keep the rows that hold a
// word, and be saved as CSV; one that is `data-saved` is saved however few they are. A table with more rows than its page is sorted by the server instead.
const SORTED_FROM = 3;
const SEARCHED_FROM = 10;
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

function headed(table) {
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
    });
  });
}

function cell(value) {
  const isFormula = FORMULA.test(value) && Number.isNaN(Number(value));
  return `"${(isFormula ? `'${value}` : value).replaceAll('"', '""')}"`;
}

function csv(table) {
  const rows = [table.tHead.rows[0], ...[...table.tBodies[0].rows].filter((row) => !row.hidden)];
  const lines = rows.map((row) => [...row.cells].map((one) => cell(sortable(one))).join(","));
  return `\ufeff${lines.join("\r\n")}\r\n`;
}

function save(table) {
  const address = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${document.title.replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase()}.csv`;
  link.click();
  URL.revokeObjectURL(address);
}

function tools(table) {
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
    for (const row of rows) row.hidden = !text(row).toLowerCase().includes(word);
    count.textContent = word ? `${rows.filter((row) => !row.hidden).length} of ${rows.length}` : "";
  });
  button.addEventListener("click", () => save(table));
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
  if (body.rows.length >= SORTED_FROM) headed(table);
  if (body.rows.length >= SEARCHED_FROM || "saved" in table.dataset) tools(table);
}
