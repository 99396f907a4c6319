// A test of a channel says beside its button how it went, and may be sent again.
for (const form of document.querySelectorAll("form[data-test]")) {
  const [button, line] = [form.querySelector("button"), form.querySelector("[role=status]")];
  form.addEventListener("submit", () => {
    line.className = "soft";
    line.textContent = "On its way…";
    form.querySelector("[role=alert]").textContent = "";
  });
  form.addEventListener("sent", ({ detail }) => {
    line.className = detail.outcome === "delivered" ? "good" : "warn";
    line.textContent = detail.summary;
    button.disabled = false;
  });
}
