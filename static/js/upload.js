// Sends the chosen files one by one and shows how far each is. Without this the form sends them
// all at once, to the same address and with the same result.
const form = document.querySelector("form[data-upload]");
const list = form?.querySelector("[data-progress]");
const said = form?.querySelector("[data-said]");

function row(file) {
  const item = document.createElement("li");
  item.className = "file busy";
  const tile = document.createElement("span");
  tile.className = "tile";
  const body = document.createElement("div");
  const name = document.createElement("b");
  name.dir = "auto";
  name.textContent = file.name;
  const state = document.createElement("small");
  state.className = "state";
  const bar = document.createElement("progress");
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  body.append(name, state, bar);
  item.append(tile, body);
  list.append(item);
  return { item, state, bar };
}

function send(file, shown) {
  return new Promise((resolve) => {
    const body = new FormData();
    for (const field of form.querySelectorAll("input[type=hidden]")) body.append(field.name, field.value);
    body.append("files", file, file.name);
    const request = new XMLHttpRequest();
    request.upload.onprogress = (event) => {
      const done = event.lengthComputable ? Math.floor((100 * event.loaded) / event.total) : 0;
      shown.bar.value = done;
      shown.state.textContent = `${form.dataset.busy} ${done}\u00a0%`;
    };
    request.onloadend = () => {
      const arrived = request.status >= 200 && request.status < 400;
      shown.item.className = arrived ? "file safe" : "file broken";
      shown.state.textContent = arrived ? form.dataset.done : form.dataset.failed;
      shown.bar.remove();
      said.textContent = `${file.name}: ${shown.state.textContent}`;
      if (request.status === 410) location.assign(form.action);
      resolve(arrived && (request.responseURL || form.action));
    };
    request.open("POST", form.action);
    request.send(body);
  });
}

form?.addEventListener("submit", async (event) => {
  const inputs = [...form.querySelectorAll("input[type=file]")];
  const files = inputs.flatMap((input) => [...input.files]);
  if (!files.length) return;
  event.preventDefault();
  const button = event.submitter;
  if (button) button.disabled = true;
  list.replaceChildren();
  const rows = files.map((file) => [file, row(file)]);
  let next = form.action;
  let all = true;
  for (const [file, shown] of rows) {
    next = await send(file, shown);
    all &&= next;
  }
  // What did not arrive stays on the page, to be chosen once more; the rest is listed by the server.
  if (all) location.assign(next);
  if (button) button.disabled = false;
  for (const input of inputs) input.value = "";
});
