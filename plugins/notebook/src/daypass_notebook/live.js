// A live card of a link. No URL is kept: one comes in a message after a click, is used, and is gone.
const make = (tag, style, text) => {
  const made = document.createElement(tag);
  made.style.cssText = style;
  if (text !== undefined) made.textContent = text;
  return made;
};
const BADGE = "color:#ffffff;border-radius:4px;padding:1px 8px;margin-right:8px;font-size:13px;font-weight:bold;white-space:nowrap";
const BUTTON =
  "margin:0 8px 8px 0;padding:4px 12px;border:1px solid #808080;border-radius:4px;background:transparent;color:inherit;font:inherit;cursor:pointer";

const left = (milliseconds) => {
  const seconds = Math.floor(milliseconds / 1000);
  const [d, h, m, s] = [seconds / 86400, (seconds / 3600) % 24, (seconds / 60) % 60, seconds % 60].map(Math.floor);
  return d ? `${d} d ${h} h` : h ? `${h} h ${m} min` : `${m} min ${s} s`;
};

function render({ model, el }) {
  const card = make("div", "border:1px solid #808080;border-radius:8px;padding:12px 16px;margin:4px 0;max-width:760px;font-size:14px;line-height:1.45");
  const title = make("div", "font-size:16px;font-weight:bold;overflow-wrap:anywhere");
  const address = make("div", "overflow-wrap:anywhere");
  const clock = make("div", "");
  const buttons = make("div", "margin:8px 0 0 0");
  const drop = make("div", "margin:0 0 8px 0;padding:12px 16px;border:1px dashed #808080;border-radius:4px");
  const files = make("div", "");
  const said = make("div", "min-height:1.45em");
  said.setAttribute("role", "status");
  card.append(title, address, clock, buttons, drop, files, said);
  el.append(card);

  const waiting = new Map(); // what has been asked for
  // An answer reaches all views of a widget, in other windows too, and one of them has asked.
  const ask = (what, told, kept) => {
    const id = Math.random().toString(36).slice(2);
    waiting.set(id, kept);
    model.send({ ask: what, id, ...told });
  };
  const button = (text, click) => {
    const made = make("button", BUTTON, text);
    made.type = "button";
    made.addEventListener("click", click);
    buttons.append(made);
    return made;
  };

  const take = (chosen) => {
    const all = [...chosen];
    const taken = model.get("shown").takes === "many" ? all : all.slice(0, 1);
    if (taken.length < all.length) said.textContent = `one file goes here: ${taken[0].name} is sent, and none of the others`;
    taken.forEach(upload);
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
    ask("upload", { name: file.name }, { file, bar, told });
  };

  // A service says where a link leads, so that the store sees this page's origin, which a redirect hides.
  const place = async (target) => {
    if (!target.asks) return target;
    const how = { method: target.method, headers: own(target.headers), referrerPolicy: "no-referrer", cache: "no-store" };
    const answer = await fetch(`${target.url}?as=json`, how);
    if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
    return { ...target, ...await answer.json() };
  };
  // Its length the browser says by itself, and lets nobody else.
  const own = (headers) => Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => name.toLowerCase() !== "content-length"));

  const send = async ({ file, bar, told }, answered) => {
    let target;
    try {
      target = await place(answered);
    } catch (error) {
      told.textContent = `${file.name}: not sent; ${error instanceof TypeError ? "the service cannot be reached" : error.message}`;
      return;
    }
    const request = new XMLHttpRequest();
    request.open(target.method, target.url);
    for (const [name, value] of Object.entries(own(target.headers))) request.setRequestHeader(name, value);
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
    if (!waiting.has(message.id)) return;
    const kept = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.answer === "upload") return send(kept, message);
    try {
      await navigator.clipboard.writeText(message.url);
      said.textContent = "copied";
    } catch {
      said.textContent = "the browser lets no page copy here";
    }
  };

  let ended = false; // as it was drawn last
  const draw = () => {
    const shown = model.get("shown");
    ended = shown.ends <= Date.now();
    const tone = { GET: "#1b5e20", HEAD: "#1b5e20", LIST: "#1b5e20", DELETE: "#b71c1c" }[shown.method.split(" ")[0]] ?? "#8a4b00";
    title.replaceChildren(make("span", `${BADGE};background:${tone}`, shown.method), shown.title);
    address.textContent = shown.address;
    buttons.replaceChildren();
    drop.replaceChildren();
    const takes = shown.over || ended ? "" : shown.takes;
    drop.style.display = takes ? "" : "none";
    if (shown.over) return tick();
    if (shown.can.includes("copy") && !ended) button("Copy", () => ask("copy"));
    if (shown.can.includes("extend")) button("Extend by 7 days", () => model.send({ ask: "extend", by: "7d" }));
    if (shown.can.includes("revoke")) {
      const revoke = button("Revoke", () => {
        if (revoke.dataset.sure) return model.send({ ask: "revoke" });
        revoke.dataset.sure = "yes";
        revoke.textContent = "Revoke for good?";
      });
    }
    if (takes) {
      const choose = make("input", "max-width:100%;color:inherit;font:inherit");
      choose.type = "file";
      choose.multiple = takes === "many";
      choose.setAttribute("aria-label", "files to upload");
      choose.addEventListener("change", () => { take(choose.files); choose.value = ""; });
      drop.append(make("div", "margin:0 0 8px 0", takes === "many" ? "Drop files here, or choose them:" : "Drop a file here, or choose it:"), choose);
    }
    tick();
  };
  const tick = () => {
    const shown = model.get("shown");
    const moment = new Date(shown.ends);
    const local = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
    const utc = `${moment.toISOString().slice(0, 19).replace("T", " ")} UTC`;
    const end = moment.getTimezoneOffset() === 0 ? utc : `${local} (${utc})`;
    const rest = shown.ends - Date.now();
    if (rest <= 0 !== ended) return draw();
    clock.textContent = shown.over || (rest > 0 ? `ends ${end}, in ${left(rest)}` : `ended ${end}`);
  };

  const holdsFiles = (event) => !ended && model.get("shown").can.includes("upload") && event.dataTransfer.types.includes("Files");
  card.addEventListener("dragover", (event) => { if (holdsFiles(event)) event.preventDefault(); });
  card.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    event.stopPropagation(); // a notebook would take it for its own
    take(event.dataTransfer.files);
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
