// Small comforts only: every page does its job without this file.
"use strict";

const summary = document.getElementById("problems");
if (summary) summary.focus();

for (const button of document.querySelectorAll("button[data-shows]")) {
  const input = document.getElementById(button.dataset.shows);
  button.hidden = false;
  button.addEventListener("click", () => {
    const show = input.type === "password";
    input.type = show ? "text" : "password";
    button.setAttribute("aria-pressed", String(show));
  });
}

// A second tap on a slow line must not send the form twice.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// What an EHR put into the address of a page that says "no" stays neither in the address bar nor in the history.
if (document.querySelector("[data-forget-query]")) history.replaceState(null, "", location.pathname);

// How things stand is looked up again while somebody is there, so that a session left alone still ends; what has the
// focus is left as it is.
const EVERY_MS = 10_000;
const THERE_MS = 300_000;
let lastSeen = Date.now();
for (const sign of ["pointermove", "pointerdown", "keydown", "focus"]) {
  window.addEventListener(sign, () => { lastSeen = Date.now(); }, { passive: true });
}

function readAgain(part) {
  const asked = new XMLHttpRequest();
  asked.responseType = "document";
  asked.open("GET", part.dataset.refresh);
  asked.addEventListener("load", () => {
    const now = asked.status === 200 && asked.response ? asked.response.getElementById(part.id) : null;
    const old = document.getElementById(part.id);
    if (!now || !old || old.contains(document.activeElement) || now.innerHTML === old.innerHTML) return;
    old.replaceWith(document.importNode(now, true));
  });
  asked.send();
}

if (document.querySelector("[data-refresh]")) {
  setInterval(() => {
    const parts = document.hidden || Date.now() - lastSeen > THERE_MS ? [] : document.querySelectorAll("[data-refresh]");
    for (const part of parts) readAgain(part);
  }, EVERY_MS);
}

// A form that only carries the browser on does so by itself.
document.querySelector("form[data-goes-on]")?.requestSubmit();
