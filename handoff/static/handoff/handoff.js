/* What makes the pages quicker for hands and eyes: countdowns, keys, focus after a swap. Every page works without it. */
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

  /* Undo: <div class="undo" data-seconds="10"> leaves when its time is over; the server refuses a late one anyway. */

  function startUndo(toast) {
    if (toast.dataset.started) return;
    toast.dataset.started = "yes";
    const end = performance.now() + Number(toast.dataset.seconds) * 1000;
    const left = toast.querySelector("[data-left]");
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

  function select(row) {
    for (const other of rows()) other.classList.toggle("is-selected", other === row);
    for (const link of document.querySelectorAll("[data-row] .row-link[aria-current]")) link.removeAttribute("aria-current");
    row.querySelector(".row-link")?.setAttribute("aria-current", "true");
  }

  function move(step) {
    const all = rows();
    const row = all[Math.min(Math.max(selected() + step, 0), all.length - 1)];
    const link = row?.querySelector(".row-link, a");
    if (!link) return;
    select(row);
    link.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    // Where the link loads the panel it is followed at once; a link to another page waits for Enter.
    if (link.hasAttribute("hx-get")) link.click();
  }

  function press(key) {
    const panel = document.querySelector("[data-panel]");
    const wanted = `[data-key="${CSS.escape(key)}"]`;
    const target = panel?.querySelector(wanted) ?? [...document.querySelectorAll(wanted)].find((found) => !found.closest("[data-panel]"));
    if (!target || target.disabled || !isVisible(target)) return false;
    if (isTyping(target)) target.focus();
    else target.click();
    return true;
  }

  const keysDialog = document.getElementById("keys");
  const keysSwitch = document.querySelector("[data-keys-switch]");
  if (keysSwitch) {
    keysSwitch.checked = storage.get("keys") !== "off";
    keysSwitch.addEventListener("change", () => storage.set("keys", keysSwitch.checked ? "on" : "off"));
  }

  document.addEventListener("keydown", (event) => {
    const dropper = event.key === "Escape" && event.target.closest("details.dropper[open]");
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
    if (preview && !isVisible(preview) && event.target.closest(".row-link[hx-get]")) event.stopImmediatePropagation();
  }, true);

  document.addEventListener("click", (event) => {
    for (const dropper of document.querySelectorAll("details.dropper[open]")) {
      if (!dropper.contains(event.target)) dropper.open = false;
    }
    if (event.target.closest("[data-open-keys]")) keysDialog?.showModal();
    const row = event.target.closest(".row-link")?.closest("[data-row]");
    if (row) select(row);
  });

  /* Swaps: htmx gives focus back to an element with the same id; else it goes to what took the place. */

  let lost = null;
  const onHtmx = (names, listener) => names.forEach((name) => document.addEventListener(name, listener));

  onHtmx(["htmx:before:swap", "htmx:beforeSwap"], () => {
    const active = document.activeElement;
    lost = active && active !== document.body
      ? { element: active, place: active.closest("[data-panel], [id]:not(body)"), row: selected() < 0 ? null : rows()[selected()].id }
      : null;
  });

  onHtmx(["htmx:after:swap", "htmx:afterSwap"], () => {
    const row = lost?.row && document.getElementById(lost.row);
    if (row && selected() < 0) select(row);
    if (lost && !lost.element.isConnected && document.activeElement === document.body) {
      const place = document.getElementById(lost.place?.id) ?? document.getElementById("content");
      const target = place?.querySelector("[data-focus], [aria-invalid=true], h1, h2") ?? place;
      if (target && target.tabIndex < 0) target.tabIndex = -1;
      target?.focus();
    }
    lost = null;
    refresh();
  });

  onHtmx(["htmx:error", "htmx:sendError", "htmx:timeout"], () => {
    const notice = Object.assign(document.createElement("p"), { className: "notice notice-danger", textContent: words.unreachable });
    document.getElementById("messages")?.replaceChildren(notice);
  });

  function refresh() {
    countAllDown();
    document.querySelectorAll(".undo[data-seconds]").forEach(startUndo);
  }

  refresh();
  setInterval(countAllDown, 15_000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) countAllDown(); });
})();
