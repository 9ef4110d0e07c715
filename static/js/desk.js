// Keys on lists of cases: j and k walk, x ticks, ? shows the list. Enter opens: it is a link.
const rows = [...document.querySelectorAll("#main a.task, #main .step .acts a")];
const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

function step(by) {
  const here = rows.indexOf(document.activeElement);
  const row = rows[here < 0 ? (by > 0 ? 0 : rows.length - 1) : here + by];
  if (row) row.focus();
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  x: () => document.activeElement.closest(".pick")?.querySelector("input").click(),
  "?": () => {
    const list = document.getElementById("toetsen");
    if (!list) return;
    list.open = !list.open;
    list.querySelector("summary").focus();
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
