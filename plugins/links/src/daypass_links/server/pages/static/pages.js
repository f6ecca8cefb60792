// Pages work without this. It tells moments in the reader's own zone, beside UTC, copies, and chooses all of a list.
"use strict";

const spoken = document.documentElement.lang;
// The page's language as the reader speaks it: of English that of Britain, say.
const locale = navigator.languages.find((one) => one.startsWith(spoken)) ?? spoken;

const local = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  if (moment.getTimezoneOffset() === 0) continue;
  if (time.title) { // it says how far off the moment is
    time.title = `${local.format(moment)} (${time.title})`;
    continue;
  }
  const zone = document.createElement("span");
  zone.className = "zone";
  zone.textContent = `(${time.textContent})`;
  time.textContent = local.format(moment);
  time.append(" ", zone);
}

for (const all of document.querySelectorAll("input[data-picks]")) {
  const each = [...document.getElementsByName(all.dataset.picks)];
  all.parentElement.hidden = each.length === 0;
  all.addEventListener("change", () => { for (const one of each) one.checked = all.checked; });
  for (const one of each) {
    one.addEventListener("change", () => { all.checked = each.every((other) => other.checked); });
  }
}

for (const button of document.querySelectorAll("button[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  const words = button.textContent;
  button.type = "button";
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = words; }, 2000);
  });
}
