// Sends chosen files one by one and shows how far each is; without this the form sends them all.
// Warns once who goes on before adding what was chosen.
const form = document.querySelector("form[data-upload]");
const list = form.querySelector("[data-progress]");
const said = form.querySelector("[data-said]");
const button = form.querySelector("button");
const inputs = [...form.querySelectorAll("[type=file]")];
const chosen = () => inputs.flatMap((input) => [...input.files]);

const make = (tag, given) => Object.assign(document.createElement(tag), given);

function row(file) {
  const item = make("li", { className: "file busy" });
  const body = make("div");
  const state = make("small", { className: "state" });
  const bar = make("progress", { max: 100, value: 0 });
  bar.setAttribute("aria-label", file.name);
  body.append(make("b", { dir: "auto", textContent: file.name }), state, bar);
  item.append(make("span", { className: "tile" }), body);
  list.append(item);
  return { item, state, bar };
}

function send(file, shown) {
  return new Promise((resolve) => {
    const body = new FormData();
    for (const { name, value } of form.querySelectorAll("[type=hidden]")) body.append(name, value);
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
      resolve(arrived && request.responseURL);
    };
    request.open("POST", form.action);
    request.send(body);
  });
}

form.addEventListener("submit", async (event) => {
  const files = chosen();
  if (!files.length) return;
  event.preventDefault();
  button.disabled = true;
  list.replaceChildren();
  said.className = "vh";
  const rows = files.map((file) => [file, row(file)]);
  let next = form.action;
  let all = true;
  for (const [file, shown] of rows) {
    next = await send(file, shown);
    all &&= next;
  }
  // What did not arrive stays here.
  if (all) location.assign(next);
  button.disabled = false;
  for (const input of inputs) input.value = "";
});

function hold(event) {
  const { unsent } = form.dataset;
  if (event.target === form || said.textContent === unsent || !chosen().length) return;
  event.preventDefault();
  said.className = "error";
  said.textContent = unsent;
  button.focus();
}
const main = form.closest("main");
main.addEventListener("submit", hold);
main.addEventListener("click", (event) => event.target.closest("a") && hold(event));
