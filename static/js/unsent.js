// Warns once who goes on before adding what was chosen.
const form = document.querySelector("form[data-upload]");
const said = form.querySelector("[data-said]");
const main = form.closest("main");
const chosen = () => [...form.querySelectorAll("[type=file]")].some((input) => input.value);

function hold(event) {
  const { unsent } = form.dataset;
  if (event.target === form || said.textContent === unsent || !chosen()) return;
  event.preventDefault();
  said.className = "error";
  said.textContent = unsent;
  form.querySelector("button").focus();
}
main.addEventListener("submit", hold);
main.addEventListener("click", (event) => event.target.closest("a") && hold(event));
