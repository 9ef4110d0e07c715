// Shows how far each chosen, pasted or dropped file is. Without this the form sends them.
import { transfer } from "./resume.js";

const form = document.querySelector("form[data-upload]");
const words = form.dataset;
const list = form.querySelector("[data-progress]");
const said = form.querySelector("[data-said]");
const button = form.querySelector("button");
const inputs = [...form.querySelectorAll("[type=file]")];
let queue = Promise.resolve();
let coming = 0;
let missed = 0;

const make = (tag, given, ...inside) => {
  const made = Object.assign(document.createElement(tag), given);
  made.append(...inside);
  return made;
};

function row(file) {
  const state = make("small", { className: "state" });
  const bar = make("progress", { value: 0, ariaLabel: file.name });
  const ariaLabel = `${words.cancel}: ${file.name}`;
  const stop = make("button", { type: "button", className: "x", ariaLabel }, "✕");
  const body = make("div", {}, make("b", { dir: "auto" }, file.name), state, bar);
  const item = make("li", { className: "file" }, make("span", { className: "tile" }), body, stop);
  list.append(item);
  stop.onclick = () => item.remove();
  const show = (kind, text) => {
    item.className = `file ${kind}`;
    state.textContent = text;
    if (kind !== "busy") said.textContent = `${file.name}: ${text}`;
  };
  const tell = (share) => {
    if (share === null) return show("waiting", words.waiting);
    bar.value = share;
    show("busy", `${words.busy} ${Math.floor(100 * share)}\u00a0%`);
  };
  const end = (kind) => {
    show(kind, words[kind]);
    bar.remove();
    stop.remove();
    return kind === "safe";
  };
  tell(0);
  return { item, stop, tell, end };
}

async function send(file, { item, stop, tell, end }) {
  if (!item.isConnected) return true;
  if (!file.size) return end("empty");
  if (file.size > words.limit) return end("too_large");
  const sending = transfer(file, words.upload, form.elements.t.value, tell);
  stop.addEventListener("click", sending.stop);
  const result = await sending.run();
  if (result === "gone") location.assign(form.action);
  return result === "stopped" || end({ done: "safe", 413: "full" }[result] ?? "broken");
}

function take(event, files) {
  if (!files.length) return;
  event.preventDefault();
  if (!coming) list.replaceChildren();
  button.disabled = true;
  said.className = "vh";
  for (const file of files) {
    const shown = row(file);
    coming += 1;
    queue = queue.then(async () => {
      missed += !(await send(file, shown));
      if (!(coming -= 1)) done();
    });
  }
}

function done() {
  if (!missed && list.firstChild) location.assign(words.next);
  button.disabled = missed = 0;
  for (const input of inputs) input.value = "";
}

addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => take(event, [...event.dataTransfer.files]));
addEventListener("paste", (event) => take(event, [...event.clipboardData.files]));
form.addEventListener("submit", (event) => take(event, inputs.flatMap((input) => [...input.files])));
