// Sends files to an inbox: in parts, each by a URL that is signed when its turn comes. Nothing of a file is held but the slice
// that the browser reads as it sends it, and no URL is kept anywhere: what lasts is by which ID the service knows a file.

import { filesOf, forgetHandle, handleOf, keepHandle } from "./handles.js";

const page = document.getElementById("inbox");
const words = JSON.parse(page.dataset.words);
const { link } = page.dataset;
const most = page.dataset.maxBytes ? Number(page.dataset.maxBytes) : Infinity;
const types = JSON.parse(page.dataset.types);
const API = `${location.pathname.replace(/\/$/, "")}/uploads`;
const KEPT = `daypass-inbox:${link}`;
const FILES = 2, PARTS = 3;  // at once: files, and parts of each
const TRIES = 8, FIRST_PAUSE = 1000, LONGEST_PAUSE = 30_000;  // pauses in ms
const SILENCE = 60_000;  // with no byte on its way, in ms
const language = document.documentElement.lang;

const say = (name, values = {}) => words[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
const element = (name, text = "", kind = "") => {
  const made = document.createElement(name);
  made.textContent = text;  // never as HTML: names are a stranger's
  if (kind) made.className = kind;
  return made;
};

function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let step = 0, number = bytes;
  while (number >= 1000 && step < units.length - 1) { number /= 1000; step += 1; }
  const digits = number < 10 && step ? 1 : 0;
  return new Intl.NumberFormat(language, {
    style: "unit", unit: units[step], unitDisplay: step ? "short" : "long",
    minimumFractionDigits: digits, maximumFractionDigits: digits,
  }).format(number).replace(" ", "\u00a0");
}

// ---- What lasts: by file, the ID under which it is being sent.

function kept() {
  try { return JSON.parse(localStorage.getItem(KEPT)) ?? []; } catch { return []; }
}
function keep(entries) {
  try {
    if (entries.length) localStorage.setItem(KEPT, JSON.stringify(entries));
    else localStorage.removeItem(KEPT);
  } catch { /* a browser that keeps nothing sends all the same */ }
}
const told = ({ name, size: bytes, lastModified }) => ({ name, size: bytes, modified: lastModified });
const same = (entry, file) =>
  entry.name === file.name && entry.size === file.size && entry.modified === file.lastModified;
function forget(id) {
  keep(kept().filter((entry) => entry.id !== id));
  forgetHandle(id);
}

// ---- What is asked of the service, and of the store.

class Refusal extends Error {
  constructor(status, code, again = 0) {
    super(code);
    Object.assign(this, { status, code, again });
  }
}

async function ask(method, path, body, signal) {
  const answer = await fetch(API + path, {
    method, signal, referrerPolicy: "no-referrer", credentials: "same-origin", cache: "no-store",
    headers: body ? { "content-type": "application/json" } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const told = await answer.json().catch(() => ({}));
  throw new Refusal(answer.status, told.code ?? "error", Number(answer.headers.get("retry-after")) || 0);
}

// By XMLHttpRequest, since fetch does not tell how much has been sent.
function put(part, blob, signal, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer;
    const stop = () => request.abort();
    const wait = () => { clearTimeout(timer); timer = setTimeout(stop, SILENCE); };
    const end = (how, value) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      how(value);
    };
    request.open("PUT", part.url);
    for (const [name, value] of Object.entries(part.headers)) {
      // These two the browser says by itself, and lets nobody else.
      if (!["content-length", "host"].includes(name.toLowerCase())) request.setRequestHeader(name, value);
    }
    request.upload.addEventListener("progress", (event) => { wait(); progress(event.loaded); });
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) end(resolve);
      else end(reject, new Refusal(request.status, "store"));
    });
    request.addEventListener("error", () => end(reject, new Refusal(0, "network")));
    request.addEventListener("abort", () => end(reject, new Refusal(0, signal.aborted ? "stopped" : "network")));
    signal.addEventListener("abort", stop);
    wait();
    request.send(blob);
  });
}

const rest = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
});
const lasting = (error) => error instanceof Refusal
  && error.status >= 400 && error.status < 500 && ![403, 408, 425, 429].includes(error.status);

// A store that answers, but not to this page, has rules that leave it out.
async function keptOut(url) {
  try {
    await fetch(new URL(url).origin, { mode: "no-cors", credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store" });
    return navigator.onLine;
  } catch { return false; }
}

// ---- SHA-256, in a worker of its own.

const hashing = new Map();
const worker = new Worker(page.dataset.worker);
worker.addEventListener("message", ({ data: { id, sha256 } }) => { hashing.get(id)?.(sha256); hashing.delete(id); });
worker.addEventListener("error", () => { for (const done of hashing.values()) done(null); hashing.clear(); });
let hashes = 0;
const digest = (file) => new Promise((resolve) => {
  const id = hashes += 1;
  hashing.set(id, resolve);
  worker.postMessage({ id, file });
});

// ---- One file.

const items = [];
const list = document.getElementById("files");

class Item {
  constructor(file, handle) {
    this.file = file;
    this.handle = handle;
    this.state = "waiting";
    this.parts = new Map();  // by number, how much of it is there or on its way
    this.stop = new AbortController();
    this.build();
    this.show();
  }

  build() {
    this.row = element("li", "", "file");
    const head = element("div", "", "file-head");
    this.label = element("bdi", this.file.name, "file-name");
    head.append(this.label, element("span", size(this.file.size), "muted"));
    this.bar = element("progress");
    this.bar.max = Math.max(this.file.size, 1);
    this.bar.setAttribute("aria-label", say("bar", { name: this.file.name }));
    this.status = element("p", "", "file-status");
    this.sum = element("p", "", "file-sum mono muted");
    this.deeds = element("div", "", "file-deeds");
    const button = (deed, act) => {
      const made = element("button", say(deed), "quiet small");
      made.type = "button";
      made.setAttribute("aria-label", `${say(deed)}: ${this.file.name}`);
      made.addEventListener("click", act);
      this.deeds.append(made);
      return made;
    };
    this.buttons = {
      pause: button("pause", () => this.pause()),
      resume: button("resume", () => this.resume()),
      retry: button("retry", () => this.resume()),
      remove: button("remove", () => this.remove()),
      hide: button("hide", () => this.remove()),
    };
    this.row.append(head, this.bar, this.status, this.sum, this.deeds);
    list.append(this.row);
  }

  get sent() {
    let sum = 0;
    for (const bytes of this.parts.values()) sum += bytes;
    return this.state === "done" ? this.file.size : Math.min(sum, this.file.size);
  }

  show(why = "") {
    const { state, buttons } = this;
    this.row.dataset.state = state;
    this.bar.value = this.sent;
    this.bar.hidden = state === "refused";
    const share = new Intl.NumberFormat(language, { style: "percent" }).format(this.sent / (this.file.size || 1));
    this.status.textContent = why || say(`state_${state}`, { share, size: size(this.sent) });
    buttons.pause.hidden = !["sending", "waiting", "trying"].includes(state);
    buttons.resume.hidden = state !== "paused";
    buttons.retry.hidden = state !== "failed";
    buttons.remove.hidden = ["done", "finishing", "refused"].includes(state);
    buttons.hide.hidden = state !== "refused";
    whole();
  }

  to(state, why) { this.state = state; this.show(why); }

  refusal() {
    const { size: bytes, type } = this.file;
    if (!bytes) return say("why_empty");
    if (bytes > most) return say("why_too_large", { most: size(most) });
    const kind = type.toLowerCase();
    const fits = types.some((one) => one === kind || (one.endsWith("/*") && kind.startsWith(one.slice(0, -1))));
    return types.length && !fits ? say("why_wrong_type") : "";
  }

  pause() {
    this.stop.abort();
    this.to("paused");
    next();
  }

  resume() {
    this.stop = new AbortController();
    this.to("waiting");
    next();
  }

  async remove() {
    this.stop.abort();
    this.row.remove();
    items.splice(items.indexOf(this), 1);
    whole();
    document.getElementById("pick").focus();
    next();
    await this.last;
    if (this.id) await discard(this.id);
  }

  // Once what was stopped before has come to its end.
  send() {
    const { signal } = this.stop;
    this.to("sending");
    this.last = (this.last ?? Promise.resolve()).then(() => this.sendNow(signal));
    return this.last;
  }

  async sendNow(signal) {
    if (signal.aborted) return;
    this.sha256 ??= digest(this.file);
    try {
      await this.begin(signal);
      await this.sendParts(signal);
      this.to("finishing");
      const sha256 = await this.sha256;
      const made = await this.patiently(signal, () => ask("POST", `/${this.id}/complete`, sha256 ? { sha256 } : {}));
      forget(this.id);
      this.id = null;
      this.to("done", made.name === this.file.name ? "" : say("state_done_as", { name: made.name }));
      if (sha256) this.sum.textContent = `SHA-256 ${sha256}`;
    } catch (error) {
      if (signal.aborted) return;
      this.fail(error);
    }
  }

  fail(error) {
    const code = error instanceof Refusal ? error.code : "error";
    const known = {
      "network": "why_network", "kept-out": "why_kept_out", "changed": "why_changed", "too-large": "why_too_large",
      "wrong-type": "why_wrong_type", "used-up": "why_used_up", "ended": "why_over", "revoked": "why_over",
      "suspended": "why_held", "password": "why_password", "quota-exceeded": "why_busy", "database-failed": "why_busy", "store": "why_store",
    };
    const final = ["too-large", "wrong-type", "used-up", "ended", "revoked"].includes(code);
    const why = say(known[code] ?? "why_other", { most: size(most), code, origin: location.origin });
    this.to(final ? "refused" : "failed", why);
  }

  async begin(signal) {
    if (this.id) await this.again(signal);
    if (!this.id) await this.anew(signal);
    this.show();
  }

  async again(signal) {
    try {
      this.plan = await this.patiently(signal, () => ask("GET", `/${this.id}`, undefined, signal));
    } catch (error) {
      if (error.status !== 404) throw error;
      forget(this.id);  // aborted elsewhere, or too long ago
      this.id = null;
      return;
    }
    // Of one that is complete there are no parts any more, and none to send.
    const there = this.plan.is_complete
      ? Array.from({ length: this.plan.part_count }, (_, n) => ({ number: n + 1, size: 0 }))
      : this.plan.parts;
    this.parts = new Map(there.map((part) => [part.number, part.size]));
  }

  async anew(signal) {
    const { name, size: bytes, type } = this.file;
    const asked = { name: name.slice(0, 1024), size: bytes, type: type || null };
    this.parts.clear();
    // Not stopped on the way: what has begun has to be known.
    this.plan = await this.patiently(signal, () => ask("POST", "", asked));
    this.id = this.plan.upload_id;
    keep([...kept(), { id: this.id, ...told(this.file) }]);
    if (this.handle) keepHandle(this.id, this.handle);
  }

  async sendParts(signal) {
    const missing = [];
    for (let number = 1; number <= this.plan.part_count; number += 1) {
      if (!this.parts.has(number)) missing.push(number);
    }
    // Whoever fails stops the others, and is the one that is told of.
    const failed = new AbortController(), either = AbortSignal.any([signal, failed.signal]);
    const lane = async () => {
      while (missing.length && !either.aborted) await this.sendPart(missing.shift(), either);
    };
    try {
      await Promise.all(Array.from({ length: PARTS }, lane));
    } finally {
      failed.abort();
    }
    if (signal.aborted) throw new Refusal(0, "stopped");
  }

  async sendPart(number, signal) {
    const first = (number - 1) * this.plan.part_size;
    try {
      await this.patiently(signal, async () => {
        const told = await ask("POST", `/${this.id}/parts`, { numbers: [number] }, signal);
        const [part] = told.parts;
        const blob = this.file.slice(first, first + part.size);
        await this.readable(blob);
        await put(part, blob, signal, (bytes) => { this.parts.set(number, Math.min(bytes, part.size)); this.show(); })
          .catch(async (error) => {
            if (error.code === "network" && !this.arrived && await keptOut(part.url)) throw new Refusal(400, "kept-out");
            throw error;
          });
        this.arrived = true;
        this.parts.set(number, part.size);
        this.show();
      });
    } catch (error) {
      this.parts.delete(number);
      throw error;
    }
  }

  // A file that was changed or removed since it was chosen can be read no more, which looks like a network that is away.
  async readable(blob) {
    try { await blob.slice(0, 1).arrayBuffer(); } catch { throw new Refusal(400, "changed"); }
  }

  async patiently(signal, act) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const found = await act();
        if (this.state === "trying") this.to("sending");
        return found;
      } catch (error) {
        if (signal.aborted) throw error;
        const refused = error instanceof Refusal ? error : new Refusal(0, "network");
        if (lasting(refused) || (refused.status === 403 && refused.code !== "store") || attempt >= TRIES) throw refused;
        const pause = Math.min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE) * (0.75 + Math.random() / 2);
        this.to("trying");
        await rest(Math.max(pause, refused.again * 1000), signal);
        if (signal.aborted) throw refused;
      }
    }
  }
}

// ---- All of them.

const all = document.getElementById("all");
const allBar = all.querySelector("progress");
const allStatus = all.querySelector("p");
const pauseAll = document.getElementById("pause-all"), resumeAll = document.getElementById("resume-all");
const live = document.getElementById("told");
const RUNNING = ["sending", "trying", "finishing"];
let news = "";

function next() {
  const free = FILES - items.filter((item) => RUNNING.includes(item.state)).length;
  const waiting = items.filter((item) => item.state === "waiting");
  for (const item of waiting.slice(0, Math.max(free, 0))) item.send().finally(next);
}

function whole() {
  const counted = items.filter((item) => item.state !== "refused");
  const bytes = counted.reduce((sum, item) => sum + item.file.size, 0);
  const sent = counted.reduce((sum, item) => sum + item.sent, 0);
  const done = counted.filter((item) => item.state === "done").length;
  all.hidden = !counted.length;
  allBar.max = bytes || 1;
  allBar.value = sent;
  const values = { done, files: counted.length, sent: size(sent), size: size(bytes) };
  const over = counted.length && done === counted.length;
  allStatus.textContent = say(over ? "all_done" : "all", values);
  pauseAll.hidden = !counted.some((item) => ["sending", "trying", "waiting"].includes(item.state));
  resumeAll.hidden = !counted.some((item) => item.state === "paused");
  document.body.classList.toggle("sent", Boolean(over));
  // To readers who hear the page: not each step of a bar.
  const failed = items.filter((item) => ["failed", "refused"].includes(item.state)).length;
  const now = `${done} ${failed}`;
  if (now !== news && (done || failed)) live.textContent = say("told", { ...values, failed });
  news = now;
  unfinished();
}

// Files, each with its handle where there is one.
function add(files) {
  for (const [file, handle] of files) {
    if (items.some((item) => !["refused", "done"].includes(item.state) && same(told(item.file), file))) continue;
    const item = new Item(file, handle);
    items.push(item);
    const why = item.refusal();
    if (why) { item.to("refused", why); continue; }
    const known = kept().find((entry) => same(entry, file));
    if (known) item.id = known.id;
  }
  whole();
  next();
}

async function discard(id) {
  forget(id);
  unfinished();
  await ask("DELETE", `/${id}`).catch(() => {});  // what stays, the bucket removes
}

// What another visit has begun: its files have to be chosen again, but for those of which the browser has a handle.
const left = document.getElementById("left"), leftList = left.querySelector("ul");
function unfinished() {
  const entries = kept().filter((entry) => !items.some((item) => item.id === entry.id));
  left.hidden = !entries.length;
  if (leftList.dataset.ids === entries.map((entry) => entry.id).join()) return;
  leftList.dataset.ids = entries.map((entry) => entry.id).join();
  leftList.replaceChildren(...entries.map((entry) => {
    const row = element("li");
    row.append(element("bdi", entry.name), element("span", ` ${size(entry.size)} `, "muted"));
    const drop = element("button", say("discard"), "quiet small");
    drop.type = "button";
    drop.setAttribute("aria-label", `${say("discard")}: ${entry.name}`);
    drop.addEventListener("click", async () => {
      document.getElementById("pick").focus();
      await discard(entry.id);
    });
    row.append(drop);
    offer(entry, row, drop);
    return row;
  }));
}

async function offer(entry, row, before) {
  const handle = await handleOf(entry.id);
  if (!handle) return;
  const again = element("button", say("resume"), "quiet small");
  again.type = "button";
  again.setAttribute("aria-label", `${say("resume")}: ${entry.name}`);
  again.addEventListener("click", async () => {
    if (await handle.requestPermission({ mode: "read" }) !== "granted") return;
    const found = await filesOf([handle]);
    if (found.length && same(entry, found[0][0])) add(found);
    else again.replaceWith(element("span", say("why_changed"), "muted"));
  });
  before.before(again, " ");
}

const picker = document.getElementById("picker"), drop = document.getElementById("drop");
document.getElementById("pick").addEventListener("click", async () => {
  if (!window.showOpenFilePicker) { picker.click(); return; }
  try {
    add(await filesOf(await window.showOpenFilePicker({ multiple: true })));
  } catch { /* who has closed it has chosen none */ }
});
picker.addEventListener("change", () => { add([...picker.files].map((file) => [file])); picker.value = ""; });
// A file that is dropped beside the field would be opened in the place of the page.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
drop.addEventListener("dragover", () => drop.classList.add("over"));
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
addEventListener("drop", async (event) => {
  const files = [...event.dataTransfer.files];
  // All at once: what is dropped is gone after the event.
  const asked = [...event.dataTransfer.items].filter((item) => item.kind === "file")
    .map((item) => item.getAsFileSystemHandle?.().catch(() => null));
  const handles = await Promise.all(asked);
  add(files.map((file, place) => [file, handles[place]]).filter(([, handle]) => handle?.kind !== "directory"));
});
pauseAll.addEventListener("click", () => {
  for (const item of items) if (["sending", "trying", "waiting"].includes(item.state)) item.pause();
});
resumeAll.addEventListener("click", () => { for (const item of items) if (item.state === "paused") item.resume(); });
addEventListener("beforeunload", (event) => {
  if (items.some((item) => [...RUNNING, "waiting"].includes(item.state))) event.preventDefault();
});
addEventListener("online", () => {
  for (const item of items) if (item.state === "failed") item.resume();
});

document.getElementById("with-script").hidden = false;
document.getElementById("without-script").hidden = true;
unfinished();
