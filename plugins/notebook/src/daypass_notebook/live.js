// A live card of a link. No URL is kept: one comes in a message after a click, is used, and is gone.
const make = (tag, style, text) => {
  const made = document.createElement(tag);
  made.style.cssText = style;
  if (text !== undefined) made.textContent = text;
  return made;
};
const BUTTON =
  "margin:0 8px 0 0;padding:4px 12px;border:1px solid #808080;border-radius:4px;background:transparent;color:inherit;font:inherit;cursor:pointer";

const left = (milliseconds) => {
  if (milliseconds <= 0) return "ended";
  const seconds = Math.floor(milliseconds / 1000);
  const [d, h, m, s] = [seconds / 86400, (seconds / 3600) % 24, (seconds / 60) % 60, seconds % 60].map(Math.floor);
  return d ? `${d} d ${h} h` : h ? `${h} h ${m} min` : `${m} min ${s} s`;
};

function render({ model, el }) {
  const card = make("div", "border:1px solid #808080;border-radius:8px;padding:12px 16px;max-width:760px;line-height:1.45");
  const title = make("div", "font-size:16px;font-weight:bold;overflow-wrap:anywhere");
  const address = make("div", "overflow-wrap:anywhere");
  const clock = make("div", "");
  const buttons = make("div", "margin:8px 0");
  const files = make("div", "");
  const said = make("div", "min-height:1.45em");
  said.setAttribute("role", "status");
  card.append(title, address, clock, buttons, files, said);
  el.append(card);

  const waiting = new Map(); // files whose place has been asked for
  const button = (text, click) => {
    const made = make("button", BUTTON, text);
    made.type = "button";
    made.addEventListener("click", click);
    buttons.append(made);
    return made;
  };

  const upload = (file) => {
    const row = make("div", "margin:4px 0");
    const bar = make("progress", "width:160px;vertical-align:middle");
    const told = make("span", "margin:0 0 0 8px", file.name);
    bar.max = file.size || 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    row.append(bar, told);
    files.append(row);
    const id = crypto.randomUUID();
    waiting.set(id, { file, bar, told });
    model.send({ ask: "upload", id, name: file.name });
  };

  const send = ({ file, bar, told }, target) => {
    const request = new XMLHttpRequest();
    request.open(target.method, target.url);
    for (const [name, value] of Object.entries(target.headers ?? {})) {
      if (name.toLowerCase() !== "content-length") request.setRequestHeader(name, value);
    }
    request.upload.onprogress = (event) => { bar.value = event.loaded; };
    request.onload = () => {
      const done = request.status < 300;
      if (done) bar.value = bar.max;
      told.textContent = `${file.name}: ${done ? "is there" : `the store answered ${request.status}`}`;
    };
    request.onerror = () => {
      told.textContent = `${file.name}: not sent; the store has to let this page send (daypass cors)`;
    };
    let body = file;
    if (target.fields) {
      body = new FormData();
      for (const [name, value] of Object.entries(target.fields)) body.append(name, value);
      body.append("file", file);
    }
    request.send(body);
  };

  const heard = async (message) => {
    if (message.answer === "copy") {
      try {
        await navigator.clipboard.writeText(message.url);
        said.textContent = "copied";
      } catch {
        said.textContent = "the browser lets no page copy here";
      }
    } else if (message.answer === "upload" && waiting.has(message.id)) {
      const one = waiting.get(message.id);
      waiting.delete(message.id);
      send(one, message);
    }
  };

  const draw = () => {
    const shown = model.get("shown");
    title.textContent = `${shown.method} ${shown.title}`;
    address.textContent = shown.address;
    buttons.replaceChildren();
    if (shown.over) return tick();
    if (shown.can.includes("copy")) button("Copy", () => model.send({ ask: "copy" }));
    if (shown.can.includes("extend")) button("Extend by 7 days", () => model.send({ ask: "extend", by: "7d" }));
    if (shown.can.includes("revoke")) {
      const revoke = button("Revoke", () => {
        if (revoke.dataset.sure) return model.send({ ask: "revoke" });
        revoke.dataset.sure = "yes";
        revoke.textContent = "Revoke for good?";
      });
    }
    if (shown.can.includes("upload")) {
      const choose = make("input", "");
      choose.type = "file";
      choose.multiple = true;
      choose.setAttribute("aria-label", "files to upload");
      choose.addEventListener("change", () => { [...choose.files].forEach(upload); choose.value = ""; });
      buttons.append(choose);
    }
    tick();
  };
  const tick = () => {
    const shown = model.get("shown");
    clock.textContent = shown.over || `ends ${new Date(shown.ends).toLocaleString()}, ${left(shown.ends - Date.now())}`;
  };

  card.addEventListener("dragover", (event) => { if (model.get("shown").can.includes("upload")) event.preventDefault(); });
  card.addEventListener("drop", (event) => {
    if (!model.get("shown").can.includes("upload")) return;
    event.preventDefault();
    [...event.dataTransfer.files].forEach(upload);
  });
  const saying = () => { said.textContent = model.get("said"); };
  model.on("change:shown", draw);
  model.on("change:said", saying);
  model.on("msg:custom", heard);
  const timer = setInterval(tick, 1000);
  draw();
  return () => {
    clearInterval(timer);
    model.off("change:shown", draw);
    model.off("change:said", saying);
    model.off("msg:custom", heard);
  };
}
export default { render };
