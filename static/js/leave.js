// Quick exit. The form works without this; here the page goes blank at once and Shift, three times
// within five seconds, does the same as the button.
const form = document.getElementById("leave");
let presses = [];

function blank() {
  document.title = "\u200b";
  document.documentElement.hidden = true;
}

if (form) {
  form.addEventListener("submit", blank);
  addEventListener("keyup", (event) => {
    if (event.key !== "Shift") {
      presses = [];
      return;
    }
    presses = [...presses.filter((at) => event.timeStamp - at < 5000), event.timeStamp];
    if (presses.length === 3) form.requestSubmit();
  });
  // A page that a browser kept alive comes back blank, and asks the server again.
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      blank();
      location.reload();
    }
  });
}
