// A file that is chosen goes into the box where it could be pasted; what stands in one is saved.
for (const chosen of document.querySelectorAll("input[type=file][data-into]")) {
  chosen.addEventListener("change", async () => {
    if (chosen.files.length) document.getElementById(chosen.dataset.into).value = await chosen.files[0].text();
  });
}

for (const button of document.querySelectorAll("button[data-save]")) {
  button.addEventListener("click", () => {
    const text = document.getElementById(button.dataset.save).value;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/plain" }));
    link.download = button.dataset.name;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
