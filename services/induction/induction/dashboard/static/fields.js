// What a field takes, in words and beside it: where the browser knows that it holds something else,
// nothing is sent, and where the server refuses it, its place is marked in the same way.
function amount(text) {
  return Number(text).toLocaleString("en-GB");
}

function label(field) {
  if (field.dataset.name) return field.dataset.name;
  const text = [...field.labels[0].childNodes].find((one) => one.nodeType === Node.TEXT_NODE && one.data.trim());
  return text?.data.trim() ?? field.getAttribute("aria-label") ?? field.name;
}

export function expects(field) {
  const { min, max, maxLength } = field;
  if (field.dataset.expects) return field.dataset.expects;
  if (field.type === "number") {
    const kind = field.step === "any" ? "a number" : "a whole number";
    return `${kind} from ${amount(min)} to ${amount(max)}`;
  }
  if (field.type === "text") return maxLength > 0 ? `a text of ${amount(maxLength)} characters at most` : "a text";
  return "choose one";
}

// Without words the mark goes.
export function mark(field, words = "") {
  let line = field.labels[0].querySelector("small");
  field.toggleAttribute("aria-invalid", Boolean(words));
  if (!words) {
    line?.remove();
    return;
  }
  if (!line) {
    line = document.createElement("small");
    line.className = "bad";
    field.after(line);
  }
  field.setAttribute("aria-invalid", "true");
  const written = `${label(field)}: ${words}`;
  if (line.textContent !== written) line.textContent = written;
}

export function unfold(field) {
  const fold = field.closest("details");
  if (fold) fold.open = true;
}

// The fields that hold what the browser knows is wrong, each marked.
export function wrong(form) {
  const fields = [...form.elements].filter(({ name, labels, willValidate }) => name && labels?.length && willValidate);
  fields.forEach((one) => mark(one, one.checkValidity() ? "" : expects(one)));
  return fields.filter((one) => !one.checkValidity());
}

// Marks the fields that a refusal names, by how their places are called in the form; those that it
// does not have are left to whoever asks.
export function refused(form, { errors = [] }, called = {}) {
  const marked = [];
  for (const { loc, expected } of errors) {
    const name = loc.slice(1).map((one) => called[one] ?? one).findLast((one) => form.elements[one]);
    const place = form.elements[name];
    const field = place instanceof RadioNodeList ? place[0] : place;
    if (!field?.labels?.length) continue;
    // Of what the browser holds for right, the server knows better what is wrong.
    mark(field, field.checkValidity() ? expected ?? expects(field) : expects(field));
    marked.push(field);
  }
  return marked;
}
