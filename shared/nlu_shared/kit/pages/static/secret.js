// What is shown once: a key or a secret that an answer holds, until its reader is done with it.
function written(name, text, kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function copying(shown) {
  const copy = written("button", "Copy");
  copy.type = "button";
  copy.addEventListener("click", async () => {
    shown.select();
    const isThere = await navigator.clipboard?.writeText(shown.value).then(() => true, () => false);
    copy.textContent = isThere || document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
  });
  return copy;
}

// What came with the page.
for (const shown of document.querySelectorAll(".secret input[readonly]")) {
  shown.after(" ", copying(shown));
  shown.select();
}

// What a form is answered.
for (const form of document.querySelectorAll("form[data-show]")) {
  form.addEventListener("sent", ({ detail }) => {
    const secret = detail[form.dataset.show];
    if (!secret) {
      location.reload();
      return;
    }
    const shown = written("input", "", "mono");
    shown.type = "text";
    shown.readOnly = true;
    shown.value = secret;
    shown.setAttribute("aria-label", "Shown this once");
    const done = written("button", "I have kept it", "main");
    done.type = "button";
    done.addEventListener("click", () => location.reload());
    const row = document.createElement("div");
    row.className = "actions";
    row.append(shown, copying(shown), done);
    form.querySelector(".secret").replaceChildren(written("p", "Keep it now: it is shown this once.", "warn"), row);
    shown.select();
  });
}
