// Sends one file over tus 1.0: goes on where it broke off until safe or refused.
const EDGE = 65536;
const ONCE = { once: true };
const coded = (bytes) => btoa(String.fromCharCode(...bytes));

// Tells a file from others of its name and size, also reloaded.
async function mark(file) {
  if (!crypto.subtle) return "";
  const ends = new Blob([file.slice(0, EDGE), file.slice(-EDGE), `${file.lastModified}`]);
  return coded(new Uint8Array(await crypto.subtle.digest("SHA-256", await ends.arrayBuffer())));
}

const pause = (time) =>
  new Promise((done) => {
    setTimeout(done, time);
    addEventListener("online", done, ONCE);
    document.addEventListener("visibilitychange", done, ONCE);
  });

// `tell` hears the share that went, null while waiting; `run` gives "done", "gone" or a status.
export function transfer(file, url, token, tell) {
  let place, request, stopped;

  const ask = (method, headers, body, from) =>
    new Promise((done) => {
      let timer;
      const watch = (open) => {
        clearTimeout(timer);
        timer = open && setTimeout(halt, 3e4);
      };
      request = new XMLHttpRequest();
      request.open(method, place ?? url);
      const sent = { "Tus-Resumable": "1.0.0", "X-CSRF-Token": token, ...headers };
      for (const key in sent) request.setRequestHeader(key, sent[key]);
      request.onloadend = () => done(watch());
      request.upload.onprogress = ({ loaded }) => tell((from + loaded) / file.size, watch(true));
      request.upload.onload = () => watch();
      watch(true);
      request.send(body);
    });
  const offset = () => +request.getResponseHeader("Upload-Offset");

  async function once(told) {
    if (place) await ask("HEAD");
    else await ask("POST", { "Upload-Length": file.size, "Upload-Metadata": told });
    place ??= request.getResponseHeader("Location");
    const from = offset();
    if (request.status >= 300 || stopped || from === file.size) return;
    const type = "application/offset+octet-stream";
    await ask("PATCH", { "Upload-Offset": from, "Content-Type": type }, file.slice(from), from);
  }

  async function run() {
    const { name, type } = file;
    const said = { filename: name, filetype: type, intimate: "no", mark: await mark(file) };
    const pair = ([key, value]) => `${key} ${coded(new TextEncoder().encode(value))}`;
    const told = Object.entries(said).map(pair).join();
    for (let wait = 500, before = 0; ; wait = Math.min(2 * wait, 1e4)) {
      await once(told);
      if (stopped) return "stopped";
      const { status } = request;
      if (status === 404 || status === 410) {
        if (!place) return "gone";
        place = null;
      } else if (/^4(?!09|23|29)/.test(status)) return status;
      else if (offset() === file.size) return "done";
      if (before !== (before = offset())) wait = 500;
      tell(null);
      await pause(wait);
    }
  }

  const halt = () => request?.abort();
  const stop = () => {
    stopped = !halt();
    if (place) ask("DELETE");
  };
  addEventListener("offline", halt);
  return { run, stop };
}
