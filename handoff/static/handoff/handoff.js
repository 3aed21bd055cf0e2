/* What makes the pages quicker for hands and eyes: countdowns, keys, rows that stay fresh, focus after a swap. Every page works without it. */
"use strict";

(() => {
  const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const TONES = ["late", "soon", "fine", "neutral"];
  const words = document.body.dataset;
  const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  const storage = { get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
                    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* a private window */ } } };

  /* Countdowns: <time data-due="ISO"> says how long is left or how late it is. */

  function span(milliseconds) {
    if (milliseconds >= DAY) return fill(words.days, { n: Math.floor(milliseconds / DAY) });
    const minutes = Math.floor((milliseconds % HOUR) / MINUTE);
    if (milliseconds < HOUR) return fill(words.minutes, { n: minutes });
    return fill(words.hours, { h: Math.floor(milliseconds / HOUR), m: String(minutes).padStart(2, "0") });
  }

  function countDown(pill, now) {
    const left = Date.parse(pill.dataset.due) - now;
    // Beyond `data-within` minutes a clock time ("Call back 14:00") says more than a duration; the server wrote it.
    if (Number.isNaN(left) || left > Number(pill.dataset.within ?? 180) * MINUTE) return;
    // A whole minute is said as soon as it is late: "0m late" reads like a mistake.
    const template = left < 0 ? pill.dataset.late ?? words.late : pill.dataset.in ?? words.in;
    const text = fill(template, { time: span(left < 0 ? Math.max(-left, MINUTE) : left) });
    if (pill.textContent !== text) pill.textContent = text;
    const tone = left < 0 ? "late" : left <= Number(pill.dataset.soon ?? 60) * MINUTE ? "soon" : "fine";
    for (const other of TONES) pill.classList.toggle(`pill-${other}`, other === tone);
  }

  function countAllDown() {
    const now = Date.now();
    for (const pill of document.querySelectorAll("time[data-due]")) countDown(pill, now);
  }

  /* What is said to who does not see it: politely, and only what is news. */

  const region = document.createElement("p");
  region.className = "visually-hidden";
  region.setAttribute("role", "status");
  document.getElementById("content")?.append(region);
  const say = (text) => setTimeout(() => { region.textContent = text; }, 100);

  /* Undo: <div class="undo" data-seconds="10"> leaves when its time is over; the server refuses a late one anyway. */

  function startUndo(toast) {
    if (toast.dataset.started) return;
    toast.dataset.started = "yes";
    const end = performance.now() + Number(toast.dataset.seconds) * 1000;
    const left = toast.querySelector("[data-left]");
    if (toast.dataset.say) say(toast.dataset.say);
    const timer = setInterval(() => {
      const seconds = Math.ceil((end - performance.now()) / 1000);
      if (left) left.textContent = fill(left.dataset.left, { n: Math.max(seconds, 0) });
      if (seconds > 0) return;
      clearInterval(timer);
      toast.remove();
    }, 250);
  }

  /* Rows and keys. */

  const isTyping = (element) => element.isContentEditable
    || element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");
  const isVisible = (element) => element.checkVisibility?.() ?? element.offsetParent !== null;
  const rows = () => [...document.querySelectorAll("[data-row]")].filter(isVisible);
  const selected = () => rows().findIndex((row) => row.classList.contains("is-selected"));

  let place = 0; // where the selected row was, should it go by itself

  function select(row) {
    place = rows().indexOf(row);
    for (const other of rows()) other.classList.toggle("is-selected", other === row);
    for (const link of document.querySelectorAll("[data-row] .row-link[aria-current]")) link.removeAttribute("aria-current");
    row.querySelector(".row-link")?.setAttribute("aria-current", "true");
  }

  function move(step) {
    const all = rows();
    const from = selected() < 0 ? place - (step > 0 ? 1 : 0) : selected();
    const row = all[Math.min(Math.max(from + step, 0), all.length - 1)];
    const link = row?.querySelector(".row-link, a");
    if (!link) return;
    select(row);
    link.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    // Where the link loads the panel it is followed at once; a link to another page waits for Enter.
    if (link.hasAttribute("hx-get")) link.click();
  }

  // Until the answer is there, the panel still shows the row before.
  function isBehind(panel) {
    const row = rows()[selected()], shown = panel?.querySelector("[data-shows]");
    return Boolean(row && shown && shown.dataset.shows !== row.id);
  }

  function press(key) {
    const panel = document.querySelector("[data-panel]");
    const wanted = `[data-key="${CSS.escape(key)}"]`;
    const target = (isBehind(panel) ? null : panel?.querySelector(wanted))
      ?? [...document.querySelectorAll(wanted)].find((found) => !found.closest("[data-panel]"));
    if (!target || target.disabled || !isVisible(target)) return false;
    if (isTyping(target)) target.focus();
    else target.click();
    if (target.matches("summary")) (target.parentElement.querySelector(":scope[open] a") ?? target).focus();
    return true;
  }

  const keysDialog = document.getElementById("keys");
  const keysSwitch = document.querySelector("[data-keys-switch]");
  if (keysSwitch) {
    keysSwitch.checked = storage.get("keys") !== "off";
    keysSwitch.addEventListener("change", () => storage.set("keys", keysSwitch.checked ? "on" : "off"));
  }

  document.addEventListener("keydown", (event) => {
    const dropper = event.key === "Escape" && document.querySelector("details.dropper[open]");
    if (dropper) { dropper.open = false; dropper.querySelector("summary").focus(); }
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    if (!isPlain || event.defaultPrevented || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (key === "?") keysDialog?.showModal();
    else if (keysSwitch && !keysSwitch.checked) return;
    else if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
    else if (key.length !== 1 || key === " " || event.repeat || !press(key)) return;
    event.preventDefault();
  });

  // Where the preview is hidden, a row opens as a page: htmx must not see the click.
  document.addEventListener("click", (event) => {
    const preview = document.querySelector(".side-preview");
    const isHidden = preview ? !isVisible(preview) : document.getElementById("live");
    if (isHidden && event.target.closest(".row-link[hx-get]")) event.stopImmediatePropagation();
  }, true);

  document.addEventListener("click", (event) => {
    for (const dropper of document.querySelectorAll("details.dropper[open]")) {
      if (!dropper.contains(event.target)) dropper.open = false;
    }
    if (event.target.closest("[data-open-keys]")) keysDialog?.showModal();
    const row = event.target.closest(".row-link")?.closest("[data-row]");
    if (row) select(row);
  });

  /* Choosing several rows: how many they are, all of them, and from one to another by Shift. */

  const boxes = () => [...document.querySelectorAll('input[name="handoff"][form="bulk"]')];
  let lastBox = null;

  function countChosen() {
    const button = document.querySelector("#bulk [data-many]");
    if (!button) return;
    const n = boxes().filter((box) => box.checked).length;
    if (n) button.textContent = n === 1 ? button.dataset.one : fill(button.dataset.many, { n });
    button.disabled = !n;
    document.querySelector("[data-choose-all]").checked = n > 0 && n === boxes().length;
  }

  document.addEventListener("click", (event) => {
    if (event.target.matches("[data-choose-all]")) for (const box of boxes()) box.checked = event.target.checked;
    const all = boxes(), now = all.indexOf(event.target), before = all.indexOf(lastBox);
    if (now >= 0) {
      if (event.shiftKey && before >= 0) {
        for (const box of all.slice(Math.min(now, before), Math.max(now, before))) box.checked = event.target.checked;
      }
      lastBox = event.target;
    }
    countChosen();
  });

  /* The live list: it looks for changes while somebody may be looking at it, and says what is new. */

  const list = () => document.getElementById("live");
  const preview = () => { const panel = document.getElementById("panel"); return panel && isVisible(panel) ? panel : null; };
  const look = () => { if (list() && !document.hidden) list().dispatchEvent(new Event("look")); };
  let shown = null;

  function remember() {
    const row = rows()[selected()];
    shown = { ids: rows().map((one) => one.id), row: row?.id, version: row?.dataset.version,
              address: row?.querySelector(".row-link")?.getAttribute("hx-get"),
              focus: document.activeElement?.closest?.("#live [data-row]") };
  }

  function compare() {
    const ids = rows().map((row) => row.id), row = document.getElementById(shown.row);
    if (row) select(row);
    // What moves up from the next page, behind all that stood here, is not new.
    const end = list().querySelector("[rel=next]") ? ids.findLastIndex((id) => shown.ids.includes(id)) : ids.length;
    const fresh = ids.slice(0, Math.max(end, 0)).filter((id) => !shown.ids.includes(id)).length;
    if (fresh > 0) say(fresh === 1 ? list().dataset.new : fill(list().dataset.news, { n: fresh }));
    const panel = preview(), typing = panel?.contains(document.activeElement) && isTyping(document.activeElement);
    const isChanged = shown.address && row?.dataset.version !== shown.version;
    // Somebody else took or changed the lead that is open: the panel says so, once nobody is at work in it.
    if (panel && isChanged && !typing && !(row && panel.querySelector("details[open]"))) {
      htmx.ajax("GET", `${shown.address}?glance=1`, { target: "#panel", swap: "innerHTML" });
    }
    if (shown.focus && !shown.focus.isConnected) (panel ?? rows()[place]?.querySelector("a") ?? document.getElementById("content")).focus();
  }

  const isSignedOut = (answer) => answer.redirected && new URL(answer.url).pathname.startsWith("/login/");

  async function logAndGoOn(form, submitter) {
    const body = new FormData(form, submitter);
    body.delete("next"); // the list knows which one that is
    submitter.disabled = true;
    const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() => null);
    submitter.disabled = false;
    // A refusal is shown by the page of the form, and so is the page to sign in on.
    if (!answer?.ok || isSignedOut(answer)) { form.dataset.plain = "yes"; form.requestSubmit(submitter); return; }
    move(1);
    look();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target.closest(".quick-log:not([data-plain])");
    if (!form || !list() || !preview() || !event.submitter) return;
    event.preventDefault();
    logAndGoOn(form, event.submitter);
  });

  /* Swaps: htmx gives focus back to an element with the same id; else it goes to what took the place. */

  let lost = null;
  const isLook = (event) => event.target.id === "live";
  const onHtmx = (names, listener) => names.forEach((name) => document.addEventListener(name, listener));

  onHtmx(["htmx:before:swap", "htmx:beforeSwap"], (event) => {
    if (isLook(event)) { remember(); return; }
    const active = document.activeElement;
    lost = active && active !== document.body
      ? { element: active, place: active.closest("[data-panel], [id]:not(body)"), row: selected() < 0 ? null : rows()[selected()].id }
      : null;
  });

  onHtmx(["htmx:after:swap", "htmx:afterSwap"], (event) => {
    if (isLook(event)) { if (shown) compare(); shown = null; refresh(); return; }
    const row = lost?.row && document.getElementById(lost.row);
    if (row && selected() < 0) select(row);
    if (lost && !lost.element.isConnected && document.activeElement === document.body) {
      const place = document.getElementById(lost.place?.id) ?? document.getElementById("content");
      const target = place?.querySelector("[autofocus]") ?? place?.querySelector("[data-focus], [aria-invalid=true], h1, h2") ?? place;
      if (target && target.tabIndex < 0) target.tabIndex = -1;
      target?.focus();
    }
    lost = null;
    refresh();
  });

  // Who was signed out meanwhile is asked to sign in on a page of its own, not inside this one.
  document.addEventListener("htmx:before:response", (event) => {
    if (isSignedOut(event.detail.ctx.response.raw)) { event.preventDefault(); location.reload(); }
    document.querySelector("[data-unreachable-notice]")?.remove();
  });

  onHtmx(["htmx:error", "htmx:sendError", "htmx:timeout"], () => {
    if (document.querySelector("[data-unreachable-notice]")) return;
    const notice = Object.assign(document.createElement("p"), { className: "notice notice-danger", textContent: words.unreachable });
    notice.dataset.unreachableNotice = "";
    document.getElementById("messages")?.replaceChildren(notice);
  });

  function refresh() {
    countAllDown();
    countChosen();
    document.querySelectorAll(".undo[data-seconds]").forEach(startUndo);
    for (const part of document.querySelectorAll("[data-scripted][hidden]")) part.hidden = false;
  }

  refresh();
  setInterval(countAllDown, 15_000);
  setInterval(look, 4_000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { countAllDown(); look(); } });
})();

/* A call or mail that starts from here: the browser hands it over, and the form that logs it opens. */
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-then]");
  if (link) setTimeout(() => location.assign(link.dataset.then), 300);
});
