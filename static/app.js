// Only adds to pages that work without it. Elements that need script carry `hidden` until shown here.
"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const find = (selector) => (selector ? document.querySelector(selector) : null);

// Announcements, inside the dialog when one is open so that aria-modal does not silence them
const live = document.createElement("p");
live.className = "visually-hidden";
live.setAttribute("role", "status");
(find("dialog[open]") || document.body).append(live);
const say = (words) => {
  live.textContent = "";
  setTimeout(() => { live.textContent = words; }, 50);
};

// Copy buttons: data-copy="#target" or data-copy-text="words"
const select = (element) => {
  if (element.select) { element.focus(); element.select(); } else getSelection().selectAllChildren(element);
};
for (const button of all("[data-copy], [data-copy-text]")) {
  button.hidden = false;
  const target = find(button.dataset.copy);
  let timer;
  button.addEventListener("click", async () => {
    let words = "Copied";
    try {
      await navigator.clipboard.writeText(button.dataset.copyText ?? target.value ?? target.textContent);
    } catch {
      select(target || button.previousElementSibling || button.parentElement);
      words = "Selected: copy it with the keyboard";
    }
    say(words);
    button.dataset.copied = words;
    clearTimeout(timer);
    timer = setTimeout(() => delete button.dataset.copied, 2500);
  });
}

// Local time beside UTC
const format = (date, timeZone) => date.toLocaleString("en-GB", {
  weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone,
});
for (const time of all("time[datetime*=T]")) {
  const at = new Date(time.dateTime);
  if (!isNaN(at)) time.title = `${format(at, "UTC")} UTC, ${format(at)} your time`;
}

// Menus: arrows, Home, End, Esc; a click or focus elsewhere closes
const menus = all("details.menu");
const closeOthers = (kept) => menus.forEach((menu) => { if (menu !== kept) menu.open = false; });
const menuOf = (node) => (node.closest ? node.closest("details.menu") : null);
document.addEventListener("click", (event) => closeOthers(menuOf(event.target)));
document.addEventListener("focusin", (event) => closeOthers(menuOf(event.target)));
document.addEventListener("keydown", (event) => {
  const menu = find("details.menu[open]") || menuOf(event.target);
  if (!menu) return;
  const summary = menu.querySelector("summary");
  if (event.key === "Escape" && menu.open) {
    menu.open = false;
    summary.focus();
    return;
  }
  if (!menu.contains(event.target)) return;
  const items = all("a, button", menu.querySelector(".menu__list"));
  const at = items.indexOf(event.target);
  const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[event.key];
  if (to === undefined || (!menu.open && !event.key.startsWith("Arrow"))) return;
  event.preventDefault();
  menu.open = true;
  items.at(to % items.length).focus();
});
for (const menu of menus) {
  menu.addEventListener("toggle", () => {
    // Down only: a page that is wider than the window is not dragged along
    const beyond = menu.querySelector(".menu__list").getBoundingClientRect().bottom + 8 - innerHeight;
    if (menu.open && beyond > 0) scrollBy(0, beyond);
  });
}

// Show or hide a password; it is a password again when sent
for (const button of all("[data-reveal]")) {
  const input = find(button.dataset.reveal);
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.firstChild.data = shown ? "Hide" : "Show";
  };
  button.hidden = false;
  button.addEventListener("click", () => show(input.type === "password"));
  input.form.addEventListener("submit", () => show(false));
}

// "Stops working on …" for the chosen expiry
for (const hint of all("[data-expiry-hint]")) {
  const group = hint.closest("fieldset");
  const tell = () => {
    const chosen = group.querySelector("input[type=radio]:checked");
    const typed = group.querySelector("input[type=datetime-local]");
    if (!chosen) return;
    const own = "reveals" in chosen.dataset;
    const at = new Date(own ? typed.value + "Z" : chosen.dataset.until);
    hint.textContent = !isNaN(at)
      ? `${at > Date.now() ? "Stops" : "Would have stopped"} working on ${format(at, "UTC")} UTC.`
      : own ? "Stops working at the time you choose, in UTC." : "Works until someone disables, revokes or deletes it.";
  };
  group.addEventListener("input", tell);
  tell();
}

// In a row that is wider than the window
for (const row of all(".sidenav")) {
  row.addEventListener("focusin", (event) => event.target.scrollIntoView({ block: "nearest", inline: "nearest" }));
}

for (const choice of all("select[data-autosubmit]")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
}

// "Waiting for the first call…", until there was one; the link is for who has no script, or waits longer
for (const line of all("[data-connection]")) {
  const [status, link] = line.children;
  if (!link) continue;
  link.hidden = true;
  let asked = 0;
  const ask = async () => {
    const answer = await fetch(line.dataset.connection).then((answer) => answer.json()).catch(() => ({}));
    if (answer.connected) status.textContent = answer.connected;
    else if (++asked < 600) setTimeout(ask, 2000);
    else link.hidden = false;
  };
  setTimeout(ask, 2000);
}
