/* Conditions, made quicker: rows and groups come and go, only what fits is offered, and the whole is read aloud.
   What a condition says, and what is wrong with it, the server knows; every form works without this file. */
"use strict";

(() => {
  const QUIET = 300; // milliseconds without typing before the sentence is asked for
  const cut = (text) => text.split(/,\s*/);
  const part = (row, name) => row.querySelector(`[data-part="${name}"]`);
  const valuesOf = new Map(); // "profile:country" -> promise of the values seen there

  function seen(url, field) {
    if (!valuesOf.has(field)) {
      const asked = fetch(`${url}?field=${encodeURIComponent(field)}`).then((answer) => (answer.ok ? answer.json() : { values: [] }));
      valuesOf.set(field, asked.then(({ values }) => values, () => []));
    }
    return valuesOf.get(field);
  }

  /* One condition of a form. */

  class Condition {
    constructor(root) {
      this.root = root;
      this.form = root.closest("form");
      this.pattern = root.querySelector("template").content.querySelector(".condition-group");
      this.said = root.querySelector(".condition-said");
      this.kind = root.dataset.sources.includes(" ") ? this.form.elements.namedItem("kind") : null;
      this.next = 1000; // numbers of new rows and groups; they only say the order
      root.classList.add("condition-live");
      for (const within of [root, this.pattern]) within.querySelectorAll("button[hidden]").forEach((one) => { one.hidden = false; });
      this.dropBlanks();
      this.rows.forEach((row) => this.fit(row));
      this.count();
      root.addEventListener("click", (event) => this.click(event.target.closest("button")));
      root.addEventListener("change", (event) => this.change(event.target));
      root.addEventListener("input", (event) => this.input(event.target));
      this.kind?.addEventListener("change", () => { this.rows.forEach((row) => this.fit(row)); this.read(); });
    }

    get groups() { return [...this.root.querySelectorAll(".condition-groups > .condition-group")]; }
    get rows() { return this.groups.flatMap((group) => this.rowsOf(group)); }
    rowsOf(group) { return [...group.querySelectorAll(".condition-row")]; }

    /* The kind of a rule decides whose fields are meant: a kind called like them, or else those of what was done. */
    get source() {
      const sources = this.root.dataset.sources.split(" ");
      if (!this.kind?.value) return sources.length > 1 ? "" : sources[0];
      return sources.includes(this.kind.value) ? this.kind.value : sources.at(-1);
    }

    /* Without this script there are blank rows to go on; with it there are buttons. */
    dropBlanks() {
      const isBlank = (row) => ["field", "op", "value"].every((name) => !part(row, name).value);
      const dropFrom = (all, isBlank) => {
        const blank = all.filter(isBlank);
        for (const one of blank.length === all.length ? all.slice(1) : blank) one.remove();
      };
      dropFrom(this.groups, (group) => this.rowsOf(group).every(isBlank));
      for (const group of this.groups) dropFrom(this.rowsOf(group), isBlank);
    }

    /* Offers the fields of the source, and the comparisons and the value that fit the chosen field. */
    fit(row) {
      const field = part(row, "field"), op = part(row, "op");
      const chosen = field.selectedOptions[0], source = this.source;
      const offered = [...part(this.pattern, "field").children].filter((one) => !source || !one.dataset.source || one.dataset.source === source);
      this.fill(field, offered, chosen);
      const type = chosen.dataset.type;
      const fitting = [...part(this.pattern, "op").children].filter((one) => !type || !one.dataset.fits || this.takes(one, type));
      this.fill(op, fitting, op.selectedOptions[0]);
      this.fitValue(row);
      this.suggest(row);
    }

    /* What is chosen stays to be chosen, even where it no longer fits: the server says what is wrong with it. */
    fill(select, offered, chosen) {
      select.replaceChildren(...offered.map((one) => one.cloneNode(true)));
      if (![...select.options].some((one) => one.value === chosen.value)) select.append(chosen);
      select.value = chosen.value;
    }

    takes(option, type) {
      return (option.dataset.fits ?? "").split(" ").find((one) => one.startsWith(`${type}:`))?.split(":")[1];
    }

    fitValue(row) {
      const value = part(row, "value"), op = part(row, "op").selectedOptions[0];
      const takes = this.takes(op, part(row, "field").selectedOptions[0].dataset.type);
      value.hidden = takes === "none";
      value.placeholder = value.dataset[takes] ?? "";
      row.classList.toggle("condition-row-valueless", value.hidden);
    }

    async suggest(row) {
      const field = part(row, "field").value, value = part(row, "value");
      const values = field && !value.hidden ? await seen(this.root.dataset.values, field) : [];
      if (part(row, "field").value !== field) return; // another one was chosen meanwhile
      const help = row.querySelector(".condition-seen");
      help.hidden = !values.length;
      help.querySelector("span").textContent = values.slice(0, 8).join(", ");
      this.list(row, values);
    }

    /* Among several values the last one is completed: its suggestions carry those before it. */
    list(row, values) {
      const value = part(row, "value");
      const before = value.placeholder === value.dataset.many ? cut(value.value).slice(0, -1) : [];
      const left = values.filter((one) => !before.includes(one));
      row.querySelector("datalist").replaceChildren(...left.map((one) => new Option("", [...before, one].join(", "))));
    }

    /* What people do. */

    change(target) {
      const row = target.closest(".condition-row");
      if (target.dataset.part === "field") {
        const op = part(row, "op"), type = target.selectedOptions[0].dataset.type;
        if (type && op.value && !this.takes(op.selectedOptions[0], type)) op.value = "";
        this.fit(row);
      }
      if (target.dataset.part === "op") { this.fitValue(row); this.suggest(row); }
      this.settle(row);
    }

    async input(target) {
      if (target.dataset.part !== "value") return;
      const row = target.closest(".condition-row");
      this.settle(row);
      if (target.placeholder === target.dataset.many) this.list(row, await seen(this.root.dataset.values, part(row, "field").value));
    }

    /* A row that is changed is no longer the one that was wrong. */
    settle(row) {
      row?.classList.remove("condition-row-wrong");
      row?.querySelector(".condition-mistake")?.remove();
      for (const one of row?.querySelectorAll("[aria-invalid]") ?? []) { one.removeAttribute("aria-invalid"); one.removeAttribute("aria-describedby"); }
      this.read();
    }

    click(button) {
      const group = button?.closest(".condition-group"), row = button?.closest(".condition-row");
      if (button?.dataset.add === "row") this.addRow(group);
      if (button?.dataset.add === "group") this.addGroup();
      if (button?.dataset.remove === "row") this.remove(row, group);
      if (button?.dataset.remove === "group") this.remove(null, group);
    }

    addRow(group) {
      const row = this.made(this.pattern.querySelector(".condition-row"), group.dataset.group);
      group.querySelector(".condition-rows").append(row);
      this.begin(row);
    }

    addGroup() {
      const group = this.made(this.pattern, `${this.root.dataset.name}-${this.next++}`);
      this.root.querySelector(".condition-groups").append(group);
      this.begin(group.querySelector(".condition-row"), group.querySelector("select"));
    }

    /* Returns a copy of a pattern, named for the group it is in or makes. */
    made(pattern, group) {
      const copy = pattern.cloneNode(true), number = this.next++;
      for (const one of [copy, ...copy.querySelectorAll("*")]) {
        for (const name of ["name", "id", "list", "data-group"]) {
          const named = one.getAttribute(name);
          if (named) one.setAttribute(name, named.replace(this.pattern.dataset.group, group).replace("__row__", number));
        }
      }
      return copy;
    }

    begin(row, first = part(row, "field")) {
      this.fit(row);
      this.count();
      first.focus();
      this.read();
    }

    /* Takes a row away, or a group when it was the last of several; the keyboard goes on at what stands there then. */
    remove(row, group) {
      const rows = this.rowsOf(group), groups = this.groups;
      if (!row || (rows.length === 1 && groups.length > 1)) {
        const near = groups[groups.indexOf(group) + 1] ?? groups[groups.indexOf(group) - 1];
        group.remove();
        near.querySelector("select").focus();
      } else if (rows.length === 1) {
        row.remove();
        this.addRow(group);
      } else {
        const near = rows[rows.indexOf(row) + 1] ?? rows[rows.indexOf(row) - 1];
        row.remove();
        part(near, "field").focus();
      }
      this.count();
      this.read();
    }

    /* Numbers what people hear and see anew; the names in the form keep theirs. */
    count() {
      const groups = this.groups;
      this.root.classList.toggle("condition-single", groups.length === 1);
      groups.forEach((group, place) => {
        group.setAttribute("aria-label", this.pattern.getAttribute("aria-label").replace("__n__", place + 1));
        for (const one of [".condition-number", "[data-remove=group]"]) this.renumber(group, one, place);
        this.rowsOf(group).forEach((row, number) => {
          for (const one of ["[data-part=field]", "[data-part=op]", "[data-part=value]", "[data-remove=row]"]) this.renumber(row, one, number);
        });
      });
    }

    renumber(within, selector, place) {
      const pattern = this.pattern.querySelector(selector), one = within.querySelector(selector);
      const label = pattern.getAttribute("aria-label");
      if (label) one.setAttribute("aria-label", label.replace("__n__", place + 1));
      else one.textContent = pattern.textContent.replace("__n__", place + 1);
    }

    /* Reads the condition aloud once the hands rest. */
    read() {
      clearTimeout(this.waiting);
      this.asking?.abort();
      this.waiting = setTimeout(() => this.ask(), QUIET);
    }

    async ask() {
      const replace = this.root.querySelector(`[name="${this.root.dataset.name}-replace"]`);
      if (replace && !replace.checked) { this.said.hidden = true; return; }
      const body = new URLSearchParams({ name: this.root.dataset.name, source: this.source });
      for (const [name, value] of new FormData(this.form)) {
        if (name.startsWith(`${this.root.dataset.name}-`)) body.append(name, value);
      }
      const headers = { "X-CSRFToken": this.form.elements.namedItem("csrfmiddlewaretoken").value };
      this.asking = new AbortController();
      try {
        const answer = await fetch(this.root.dataset.sentence, { method: "POST", headers, body, signal: this.asking.signal });
        const { sentence, mistakes } = await answer.json();
        this.say(sentence || mistakes.join(" "), !sentence);
      } catch (error) {
        if (error.name !== "AbortError") this.said.hidden = true; // better silent than outdated
      }
    }

    say(words, isUnfinished) {
      this.said.hidden = false;
      this.said.classList.toggle("condition-unfinished", isUnfinished);
      const line = this.said.querySelector("[role=status]");
      if (line.textContent !== words) line.textContent = words;
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const root of document.querySelectorAll(".condition")) new Condition(root);
  });
})();
