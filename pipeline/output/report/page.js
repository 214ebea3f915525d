"use strict";
// The only script of the page. Text of strangers is set as text, never as markup.
(() => {
  const byId = (id) => document.getElementById(id);
  const words = JSON.parse(byId("words").textContent);
  const data = JSON.parse(byId("tickets").textContent);
  let language = document.documentElement.lang;

  // --- words ------------------------------------------------------------------------------
  const known = (key) => words[language][key] !== undefined;

  function say(key, ...given) {
    const text = words[language][key];
    if (text === undefined) return key.includes(".") ? key.slice(key.indexOf(".") + 1) : key;
    const shown = given.map((one) => {
      if (one && one.key) return named(one.key);
      return typeof one === "number" ? one.toLocaleString("en") : String(one);
    });
    return text.replace(/\{(\d)\}/g, (_, place) => shown[place]);
  }

  function nameOf(type, code) {
    if (type === "language" && code === "und") return say("language.und");
    try {
      return new Intl.DisplayNames([language], { type }).of(code) || code;
    } catch {
      return code; // not a code at all, as read
    }
  }

  function value(kind, one) {
    if (!one) return say("not_given");
    if (known(`${kind}.${one}`)) return say(`${kind}.${one}`);
    if (kind === "country") return nameOf("region", one);
    return kind === "language" ? nameOf("language", one) : one;
  }

  // Sentences of the rules tables that ship have a Chinese twin; those of other tables do not.
  const twins = new Map(Object.entries(words.en).filter(([key]) => /^(action|ask|rule)\./.test(key)).map(([key, text]) => [text, key]));
  const told = (text) => (twins.has(text) ? say(twins.get(text)) : text);

  /** A key of the words, or a value of a column such as language.th. */
  function named(key) {
    const dot = key.indexOf(".");
    return dot < 0 ? say(key) : value(key.slice(0, dot), key.slice(dot + 1));
  }

  function speak(chosen) {
    language = chosen;
    document.documentElement.lang = chosen;
    document.title = `${say("title")} · ${moment(data.now)}`;
    for (const one of document.querySelectorAll("[data-w]")) {
      one.textContent = say(one.dataset.w, ...JSON.parse(one.dataset.a || "[]"));
    }
    for (const name of ["aria-label", "placeholder"]) {
      for (const one of document.querySelectorAll(`[data-w-${name}]`)) {
        one.setAttribute(name, say(one.getAttribute(`data-w-${name}`)));
      }
    }
    for (const one of document.querySelectorAll("[data-country]")) one.textContent = value("country", one.dataset.country);
    for (const one of document.querySelectorAll("[data-language]:not(button)")) one.textContent = value("language", one.dataset.language);
    for (const one of document.querySelectorAll("button[data-language]")) {
      one.setAttribute("aria-pressed", String(one.dataset.language === chosen));
    }
    showTen();
    refresh();
    if (byId("ticket").open) openTicket(opened);
  }

  // --- tickets ----------------------------------------------------------------------------
  const columns = data.columns;
  const cell = (name, at) => {
    const column = columns[name];
    if (!column) return "";
    return column.of ? column.of[column.at[at]] : column[at];
  };
  const moment = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");

  function span(seconds) {
    const minutes = Math.round(Math.abs(seconds) / 60);
    if (minutes < 60) return say("minutes", minutes);
    if (minutes < 48 * 60) return say("hours", Math.floor(minutes / 60));
    return say("days", Math.floor(minutes / 1440));
  }

  const left = (due) => (due < data.now ? ["late", say("late_by", span(due - data.now))] : ["", say("due_in", span(due - data.now))]);

  /** How the deadline of the first answer stands: [class, words]. */
  function firstAnswer(at) {
    const state = cell("sla_state", at), due = cell("first_response_due_at", at);
    if (due === null || !["running", "at_risk", "breached"].includes(state)) return ["soft", value("state", state)];
    return state === "at_risk" ? ["risk", left(due)[1]] : left(due);
  }

  /** What is owed now, and how its deadline stands. */
  function standing(at) {
    const step = cell("next_step", at), due = cell("next_step_due_at", at);
    if (!step || step === "first_response") return firstAnswer(at);
    if (due === null) return ["soft", value("step", step)];
    const [state, words] = left(due);
    return [state, say("step_stands", value("step", step), words)];
  }

  // --- building ---------------------------------------------------------------------------
  function make(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, one] of Object.entries(attributes)) made.setAttribute(name, one);
    made.append(...children.filter((one) => one !== null && one !== ""));
    return made;
  }

  const pill = (at) => make("span", { class: `pill ${cell("urgency_level", at)}` }, value("level", cell("urgency_level", at)));

  function bar(share) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("aria-hidden", "true");
    for (const [name, width] of [["track", 100], ["c0", 100 * Math.min(1, share)]]) {
      const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [key, one] of [["class", name], ["width", `${width}%`], ["height", 8], ["rx", 4]]) rect.setAttribute(key, one);
      svg.append(rect);
    }
    return svg;
  }

  // --- the words that decided -------------------------------------------------------------
  // Scripts with spaces between words: there a mark must not begin or end inside a word.
  const spaced = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Devanagari}\p{Script=Hangul}\p{N}]/u;
  const before = (text, at) => [...text.slice(Math.max(0, at - 2), at)].pop() || "";
  const after = (text, at) => String.fromCodePoint(text.codePointAt(at) ?? 32);

  function places(text, word, whole) {
    const found = [];
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
      const end = at + word.length;
      const inside = (spaced.test(before(text, at)) && spaced.test(after(text, at))) ||
        (spaced.test(before(text, end)) && spaced.test(after(text, end)));
      if (!whole || !inside) found.push([at, end]);
    }
    return found;
  }

  /** The text in pieces, the deciding words as <mark>. */
  function marked(text, keywords) {
    const spans = [];
    for (const word of keywords.split(", ")) {
      if (!word) continue;
      const whole = places(text, word, true);
      spans.push(...(whole.length ? whole : places(text, word, false)));
    }
    spans.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
    const pieces = [];
    let at = 0;
    for (const [begin, end] of spans) {
      if (begin < at) continue;
      pieces.push(text.slice(at, begin), make("mark", {}, text.slice(begin, end)));
      at = end;
    }
    pieces.push(text.slice(at));
    return pieces;
  }

  // --- why a ticket stands where it does --------------------------------------------------
  const points = (at) => cell("priority_parts", at).split(" + ")
    .map((one) => /^(\w+) ([\d.]+)$/.exec(one))
    .filter(Boolean)
    .map(([, name, number]) => ({ name, points: Number(number) }))
    .sort((a, b) => b.points - a.points);

  function money(at) {
    const amount = cell("order_value", at);
    return amount === null ? "" : `${amount.toLocaleString("en")} ${cell("currency", at)}`.trim();
  }

  function tier(at) {
    const read = cell("customer_tier", at), key = `tier.${read.toLowerCase()}`;
    return known(key) ? say(key) : read;
  }

  function partWords(name, at) {
    if (name === "level") return value("level", cell("urgency_level", at));
    if (name === "emotion") return value("emotion", cell("emotion", at));
    if (name === "deadline") return standing(at)[1];
    if (name === "waiting") return say("part_now.waited", span(data.now - (cell("created_at", at) ?? data.now)));
    if (name === "repeats") return say("part_now.repeats", cell("repeat_contacts", at));
    if (name === "incident") return say("part_now.incident", cell("incident_size", at));
    if (name === "order_value") return say("part_now.order_value", money(at));
    if (name === "tier") return say("part_now.tier", tier(at));
    return say(`part.${name}`);
  }

  /** All parts of the priority, the largest first, and their sum. */
  function chips(at) {
    const shown = points(at);
    if (!shown.length) return "";
    return make("span", { class: "chips" }, ...shown.map((one) =>
      make("span", { class: "chip" }, `${partWords(one.name, at)} `, make("b", {}, `+${one.points.toFixed(1)}`))),
    make("span", { class: "chip" }, make("b", {}, `= ${(cell("priority", at) ?? 0).toFixed(1)}`)));
  }

  function showTen() {
    const list = byId("ten");
    if (!list) return;
    list.replaceChildren(...[...Array(Math.min(10, data.count)).keys()].map((at) => {
      const [state, due] = standing(at);
      const text = cell("text", at).slice(0, 300);
      return make("li", { class: "card" }, (() => {
        const button = make("button", { type: "button", "data-at": at },
          make("span", { class: "line" },
            make("span", { class: "place" }, String(cell("rank", at))), pill(at),
            make("b", {}, value("reason", cell("reason", at))),
            make("span", { class: `end ${state}` }, due)),
          make("span", { class: "quote", dir: "auto", lang: cell("language", at) }, ...marked(text, cell("keywords", at))),
          chips(at),
          make("span", { class: "line soft" }, make("bdi", {}, cell("ticket_id", at)), `→ ${value("team", cell("team", at))}`));
        button.addEventListener("click", () => openTicket(at));
        return button;
      })());
    }));
  }

  // --- the queue --------------------------------------------------------------------------
  const list = byId("list"), space = byId("space");
  const phone = matchMedia("(max-width: 47rem)");
  const height = () => (phone.matches ? 118 : 68);
  const AROUND = 6; // rows made above and below what is seen
  let rows = [];
  let active = 0;
  let drawn = new Map();
  const lower = new Array(data.count);

  function searchable(at) {
    lower[at] ??= ["text", "ticket_id", "order_id", "customer_id", "sku", "keywords", "incident_id", "reason"]
      .map((name) => cell(name, at)).concat(value("reason", cell("reason", at))).join("\n").toLowerCase();
    return lower[at];
  }

  const orders = {
    rank: null,
    due: (at) => cell("next_step_due_at", at) ?? Infinity,
    new: (at) => -(cell("created_at", at) ?? -Infinity),
    old: (at) => cell("created_at", at) ?? Infinity,
    value: (at) => -(cell("order_value", at) ?? -Infinity),
  };

  function chosen() {
    const wanted = [["team", "team"], ["level", "urgency_level"], ["state", "sla_state"], ["category", "category"]]
      .map(([id, name]) => [columns[name], columns[name].of.indexOf(byId(id).value)])
      .filter(([, code]) => code >= 0);
    const terms = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const doubtful = byId("doubtful").checked;
    const found = [];
    for (let at = 0; at < data.count; at++) {
      if (doubtful && !columns.needs_review[at]) continue;
      if (wanted.some(([column, code]) => column.at[at] !== code)) continue;
      if (terms.length && !terms.every((term) => searchable(at).includes(term))) continue;
      found.push(at);
    }
    const order = orders[byId("sort").value];
    if (order) {
      const keys = new Map(found.map((at) => [at, order(at)]));
      found.sort((a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : a - b));
    }
    return found;
  }

  function refresh() {
    rows = chosen();
    active = 0;
    list.scrollTop = 0;
    space.style.height = `${rows.length * height()}px`;
    byId("count").textContent = say("shown", rows.length, data.count);
    byId("empty").hidden = rows.length > 0;
    for (const row of drawn.values()) row.remove();
    drawn = new Map();
    draw();
  }

  function draw() {
    const tall = height();
    const first = Math.max(0, Math.floor(list.scrollTop / tall) - AROUND);
    const last = Math.min(rows.length, Math.ceil((list.scrollTop + list.clientHeight) / tall) + AROUND);
    for (const [place, row] of drawn) {
      if (place < first || place >= last) {
        row.remove();
        drawn.delete(place);
      }
    }
    for (let place = first; place < last; place++) {
      if (!drawn.has(place)) drawn.set(place, list.appendChild(rowOf(place, tall)));
    }
    for (const [place, row] of drawn) {
      row.classList.toggle("active", place === active);
      row.setAttribute("aria-selected", String(place === active));
    }
    if (rows.length) list.setAttribute("aria-activedescendant", `row${active}`);
    else list.removeAttribute("aria-activedescendant");
  }

  function rowOf(place, tall) {
    const at = rows[place];
    const [state, due] = standing(at);
    const deadline = cell("next_step_due_at", at);
    const row = make("div", { class: "row", role: "option", id: `row${place}`, "aria-setsize": rows.length, "aria-posinset": place + 1 },
      make("span", { class: "place" }, `#${cell("rank", at)}`),
      make("span", { class: "level" }, pill(at)),
      make("span", { class: "about" }, `${value("category", cell("category", at))} · ${value("reason", cell("reason", at))} `,
        make("span", { class: "soft" }, make("bdi", {}, cell("ticket_id", at)), ` · ${value("language", cell("language", at))} · ${value("country", cell("country", at))}`)),
      make("span", { class: "said", dir: "auto" }, cell("text", at).slice(0, 200)),
      make("span", { class: "team soft" }, value("team", cell("team", at))),
      make("span", { class: "due" }, make("span", { class: state }, due), make("br"),
        make("time", { class: "soft" }, deadline === null ? "" : moment(deadline))));
    row.style.transform = `translateY(${place * tall}px)`;
    row.addEventListener("click", () => { active = place; draw(); openTicket(at); });
    return row;
  }

  function go(place) {
    if (!rows.length) return;
    active = Math.max(0, Math.min(rows.length - 1, place));
    const tall = height();
    if (active * tall < list.scrollTop) list.scrollTop = active * tall;
    const below = (active + 1) * tall - list.clientHeight;
    if (below > list.scrollTop) list.scrollTop = below;
    draw();
  }

  const page = () => Math.max(1, Math.floor(list.clientHeight / height()) - 1);
  const keys = {
    ArrowDown: () => go(active + 1), ArrowUp: () => go(active - 1),
    PageDown: () => go(active + page()), PageUp: () => go(active - page()),
    Home: () => go(0), End: () => go(rows.length - 1),
    Enter: () => rows.length && openTicket(rows[active]), " ": () => rows.length && openTicket(rows[active]),
  };

  // --- one ticket -------------------------------------------------------------------------
  let opened = 0;

  function term(name, ...told) {
    const shown = told.filter((one) => one !== "" && one !== null && one !== undefined);
    return shown.length ? [make("dt", {}, say(name)), make("dd", {}, ...shown)] : [];
  }

  const block = (name, ...inner) => make("section", {}, make("h3", {}, say(name)), ...inner);
  const facts = (...terms) => make("dl", {}, ...terms.flat());

  function decisionOf(at) {
    const sure = cell("category_confidence", at);
    const category = value("category", cell("category", at)), reason = value("reason", cell("reason", at));
    const second = cell("secondary_category", at), cue = cell("_cue", at), doubt = cell("review_reason", at);
    const lines = [
      sure === null ? `${category} · ${reason}` : say("decision_sure", category, reason, Math.round(100 * sure)),
      second ? say("also", value("category", second)) : "",
      say("urgency_line", Math.round(cell("urgency", at) ?? 0), value("level", cell("urgency_level", at))),
      cue ? say("cue_line", cue) : "",
      cell("corrected", at) ? say("corrected_line", cell("corrected", at)) : "",
      doubt ? say("check_line", value("review_reason", doubt)) : "",
    ];
    return block("decision", ...lines.filter(Boolean).map((line) => make("p", {}, line)));
  }

  function routeOf(at) {
    const rule = cell("routing_rule", at), note = data.rules[rule];
    return block("goes_to", facts(
      term("chart_team", say("in_brackets", value("team", cell("team", at)), note ? say("by_rule_note", rule, told(note)) : say("by_rule", rule))),
      term("do_first", told(cell("suggested_action", at))),
      term("ask_for", cell("missing_information", at).split("; ").map(told).join(say("between")))));
  }

  function nextStep(at) {
    const step = cell("next_step", at), owner = cell("next_step_owner", at), due = cell("next_step_due_at", at);
    if (!step) return "";
    const who = known(`team.${owner}`) ? value("team", owner) : value("owner", owner);
    return due === null ? say("next_step_line", value("step", step), who) : say("next_step_due", value("step", step), who, moment(due));
  }

  function receiptOf(at) {
    const created = cell("created_at", at), due = cell("first_response_due_at", at), answered = cell("first_response_at", at);
    const policy = data.policies[cell("sla_policy", at)];
    const allowed = policy && policy.allowed[cell("urgency_level", at)];
    const [state, stands] = firstAnswer(at);
    return block("receipt", facts(
      term("receipt_created", created === null ? say("receipt_unknown") : say("in_brackets", moment(created), say("ago", span(data.now - created)))),
      allowed ? term("receipt_allowed", `+ ${say("receipt_policy", span(allowed), cell("sla_policy", at), value("level", cell("urgency_level", at)),
        policy.calendar ? say("clock_hours", policy.calendar) : say("clock_calendar"))}`) : [],
      !policy || policy.calendar || !allowed || created === null || due === null || due === created + allowed ? [] :
        term("receipt_pauses", `+ ${span(due - created - allowed)}`),
      due === null ? [] : term("receipt_due", make("b", {}, `= ${moment(due)}`)),
      answered === null ? [] : term("receipt_answered", moment(answered)),
      term("receipt_state", make("span", { class: state }, stands)),
      term("receipt_next", nextStep(at))));
  }

  function placeOf(at) {
    const found = points(at);
    if (!found.length) return "";
    return block("why_here", make("p", {}, say("priority_line", (cell("priority", at) ?? 0).toFixed(1))),
      make("div", { class: "points" }, ...found.flatMap((one) => [
        make("span", {}, say(`part.${one.name}`)), make("span", { class: "n" }, `+${one.points.toFixed(1)}`),
        make("span", {}, bar(one.points / 60))])));
  }

  function factsOf(at) {
    const size = cell("incident_size", at);
    return block("facts", facts(
      term("fact_language", value("language", cell("language", at))),
      term("fact_country", value("country", cell("country", at))),
      term("fact_channel", value("channel", cell("channel", at))),
      term("fact_status", value("status", cell("status", at))),
      term("fact_emotion", cell("emotion", at) ? value("emotion", cell("emotion", at)) : ""),
      term("fact_customer", cell("customer_id", at)), term("fact_tier", cell("customer_tier", at) ? tier(at) : ""),
      term("fact_order", cell("order_id", at)), term("fact_value", money(at)), term("fact_sku", cell("sku", at)),
      term("fact_repeats", cell("repeat_contacts", at) ? String(cell("repeat_contacts", at)) : ""),
      term("fact_incident", cell("incident_id", at) ? say("incident_line", cell("incident_id", at), size ?? 1) : "")));
  }

  function openTicket(at) {
    opened = at;
    const dialog = byId("ticket");
    const text = cell("text", at), missing = cell("_length", at) - [...text].length;
    const step = (by) => {
      const place = rows.indexOf(opened) + by;
      if (rows[place] !== undefined) { go(place); openTicket(rows[place]); }
    };
    const button = (name, sign, action) => {
      const made = make("button", { type: "button", class: "icon", "aria-label": say(name) }, sign);
      made.addEventListener("click", action);
      return made;
    };
    const quote = make("blockquote", { dir: "auto", lang: cell("language", at) }, ...marked(text, cell("keywords", at)));
    dialog.replaceChildren(
      make("header", {},
        make("h2", { id: "ticket_title", tabindex: "-1" }, `#${cell("rank", at)} · `, make("bdi", {}, cell("ticket_id", at)), " ", pill(at)),
        button("previous", "↑", () => step(-1)), button("next", "↓", () => step(1)), button("close", "✕", () => dialog.close())),
      make("div", { class: "body" },
        block("customer_says", quote,
          make("p", { class: "soft" }, cell("keywords", at) ? say("marked_note", value("category", cell("category", at))) : "",
            missing > 0 ? ` ${say("text_cut", missing)}` : "")),
        ...[decisionOf(at), routeOf(at), receiptOf(at), placeOf(at), factsOf(at)].filter(Boolean)));
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    byId("ticket_title").focus();
  }

  // --- paper ------------------------------------------------------------------------------
  const ON_PAPER = 100;
  function fillPaper() {
    const some = rows.slice(0, ON_PAPER);
    byId("paper").replaceChildren(make("p", {}, say("print_note", some.length)), make("table", {}, ...some.map((at) =>
      make("tr", {}, make("td", {}, `#${cell("rank", at)}`), make("td", {}, value("level", cell("urgency_level", at))),
        make("td", {}, cell("ticket_id", at)), make("td", {}, value("reason", cell("reason", at))),
        make("td", {}, value("team", cell("team", at))), make("td", {}, standing(at)[1]),
        make("td", {}, cell("text", at).slice(0, 160))))));
  }

  // --- beginning --------------------------------------------------------------------------
  function options(id, name, kind, order) {
    const select = byId(id), values = columns[name].of.filter(Boolean);
    values.sort((a, b) => (order ? order.indexOf(a) - order.indexOf(b) : a < b ? -1 : 1));
    for (const one of values) {
      const option = make("option", { value: one }, value(kind, one));
      if (known(`${kind}.${one}`)) option.dataset.w = `${kind}.${one}`;
      select.append(option);
    }
  }

  options("team", "team", "team");
  options("level", "urgency_level", "level", ["critical", "high", "normal", "low"]);
  options("state", "sla_state", "state", ["breached", "at_risk", "running", "paused", "missed", "met", "not_needed"]);
  options("category", "category", "category");
  document.documentElement.classList.add("live");

  let waiting = 0;
  byId("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(refresh, 120); });
  for (const id of ["team", "level", "state", "category", "sort", "doubtful"]) byId(id).addEventListener("change", refresh);
  byId("filters").addEventListener("submit", (event) => { event.preventDefault(); refresh(); });
  byId("filters").addEventListener("reset", () => setTimeout(refresh));
  byId("show_review").addEventListener("click", () => { byId("doubtful").checked = true; refresh(); byId("queue").scrollIntoView(); list.focus({ preventScroll: true }); });
  list.addEventListener("scroll", draw, { passive: true });
  list.addEventListener("keydown", (event) => {
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });
  phone.addEventListener("change", refresh);
  addEventListener("resize", draw);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT)$/.test(event.target.tagName) && !byId("ticket").open) { event.preventDefault(); byId("search").focus(); }
  });
  const dialog = byId("ticket");
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  for (const one of document.querySelectorAll("button[data-language]")) one.addEventListener("click", () => speak(one.dataset.language));
  byId("appearance").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  byId("print").addEventListener("click", () => print());
  addEventListener("beforeprint", fillPaper);

  const links = new Map([...document.querySelectorAll(".top nav a")].map((one) => [one.hash.slice(1), one]));
  const watcher = new IntersectionObserver((seen) => {
    for (const one of seen) {
      if (!one.isIntersecting || !links.has(one.target.id)) continue;
      for (const link of links.values()) link.classList.toggle("here", link === links.get(one.target.id));
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  for (const section of document.querySelectorAll("main > section")) watcher.observe(section);

  speak(language);
})();
