// A form for a preset. It is made of the document itself, and everything about it is said by the firmware's own check.

import { $ } from "./dom.js";
import { draw } from "./svg.js";
import { zoneName } from "./words.js";

const WAIT_MS = 150; // after the last key, before it is checked
const SPAN_MS = 250; // of pulses that are drawn, at least two periods
const UNITS = { ua: "uA", ms: "ms", s: "s", hz: "Hz", us: "us", pct: "%" };

export class Editor {
  constructor(desk, done) {
    this.desk = desk;
    this.done = done;
    this.good = null;
    $("form").addEventListener("input", () => this.#later());
    $("form").addEventListener("submit", (event) => event.preventDefault());
    $("zone").onchange = $("level").onchange = () => this.#draw();
    $("done").onclick = () => this.#finish(this.good);
    $("cancel").onclick = () => this.#finish(null);
  }

  /** Edit a preset's text; `done` gets its canonical text, or null. */
  async edit(text) {
    this.about = await this.desk.about;
    this.document = JSON.parse(text);
    this.back = /** @type {HTMLElement | null} */ (document.activeElement);
    this.opened = new Set(["zones[0]"]);
    $("editor").hidden = false;
    $("editor-title").textContent = `Preset: ${this.document.name}`;
    this.#form();
    await this.#check();
    $("editor-title").focus();
    $("editor").scrollIntoView();
  }

  #finish(canonical) {
    $("editor").hidden = true;
    this.back?.focus();
    this.done(canonical);
  }

  #later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#check(), WAIT_MS);
  }

  #form() {
    $("form").replaceChildren(...Object.keys(this.document).filter((key) => key !== "schema").map((key) => this.#field(this.document, key, key)));
  }

  #changed() {
    this.#form();
    this.#check();
  }

  /** A field of an object or a list, as what it is. */
  #field(holder, key, path) {
    const value = holder[key];
    if (Array.isArray(value)) return this.#list(value, key, path);
    if (value !== null && typeof value === "object") return this.#object(value, String(key), path);
    const row = document.createElement("div");
    row.className = "field";
    const label = document.createElement("label");
    const unit = UNITS[String(key).split("_").at(-1)];
    label.textContent = String(key).replace(/_(ua|ms|s|hz|us|pct)$/, "").replaceAll("_", " ") + (unit ? ` (${unit})` : "");
    const choices = this.about.choices[key];
    const input = document.createElement(choices ? "select" : "input");
    if (choices) input.append(...choices.map((name) => new Option(name, name)));
    else if (typeof value === "number") input.inputMode = "decimal";
    input.id = label.htmlFor = `f-${path}`;
    input.dataset.path = path;
    input.value = String(value);
    input.addEventListener("input", () => {
      holder[key] = typeof value === "number" ? numberOf(input.value) : typeof value === "boolean" ? input.value === "true" : input.value;
      const fields = key === "kind" ? this.about.kinds : key === "shape" ? this.about.shapes : null;
      if (fields) {
        this.#reshape(holder, fields[input.value]);
        this.#changed();
        document.getElementById(input.id)?.focus();
      }
    });
    row.append(label, input);
    return row;
  }

  #object(value, name, path) {
    const box = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = name;
    legend.dataset.path = path;
    box.append(legend, ...Object.keys(value).map((key) => this.#field(value, key, `${path}.${key}`)));
    return box;
  }

  #list(items, key, path) {
    const box = document.createElement("div");
    const head = document.createElement("h4");
    head.textContent = String(key);
    head.dataset.path = path;
    box.append(head);
    items.forEach((item, i) => {
      const at = `${path}[${i}]`;
      const one = document.createElement("details");
      one.className = "card";
      one.dataset.path = at;
      one.open = this.opened.has(at);
      one.ontoggle = () => (one.open ? this.opened.add(at) : this.opened.delete(at));
      const title = document.createElement("summary");
      title.textContent = `${i + 1}: ${zoneName(item)}${item.duration_s ? `, ${item.duration_s} s` : ""}`;
      one.append(title, ...Object.keys(item).map((name) => this.#field(item, name, `${at}.${name}`)));
      const buttons = document.createElement("p");
      const button = (label, act, off = false) => {
        const made = document.createElement("button");
        made.type = "button";
        made.textContent = label;
        made.ariaLabel = `${label}: ${key} ${i + 1}`;
        made.disabled = off;
        made.onclick = () => {
          act();
          this.#changed();
        };
        buttons.append(made, " ");
      };
      button("One more like it", () => items.splice(i + 1, 0, structuredClone(item)));
      button("Up", () => items.splice(i - 1, 0, items.splice(i, 1)[0]), i === 0);
      button("Remove", () => items.splice(i, 1), items.length === 1);
      one.append(buttons);
      box.append(one);
    });
    return box;
  }

  /** Give an object the fields of its new kind: those it has, and for others what a preset that ships has. */
  #reshape(holder, names) {
    const others = this.about.shipped.flatMap((text) => JSON.parse(text).zones.map((zone) => zone.waveform));
    const sources = [...others, ...others.map((wave) => wave.envelope ?? {})];
    const usual = { rise_ms: 1000, hold_ms: 1000, fall_ms: 1000, low_ms: 500, period_ms: 4000, depth_pct: 50 };
    const kept = { ...holder };
    for (const key of Object.keys(holder)) delete holder[key];
    for (const key of names) holder[key] = kept[key] ?? structuredClone(sources.find((wave) => wave[key] !== undefined)?.[key] ?? usual[key] ?? 1);
  }

  async #check() {
    const text = JSON.stringify(this.document, (_, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value));
    const asked = (this.asked = (this.asked ?? 0) + 1);
    let found = null;
    let problem = null;
    try {
      found = await this.desk.ask("check", text);
    } catch (refused) {
      problem = refused;
    }
    if (asked !== this.asked) return;
    this.good = found?.canonical ?? null;
    $("done").disabled = !found;
    for (const element of $("form").querySelectorAll("[aria-invalid]")) element.removeAttribute("aria-invalid");
    const words = $("preset-words");
    words.className = found ? "good" : "wrong";
    if (problem) {
      words.textContent = problem.message;
      const wrong = [...$("form").querySelectorAll("[data-path]")].filter((element) => problem.path === element.dataset.path);
      for (const element of wrong) {
        element.setAttribute("aria-invalid", "true");
        element.setAttribute("aria-describedby", "preset-words");
        const zone = element.closest("details");
        if (zone) zone.open = true;
      }
      return;
    }
    words.textContent = `Good: ${found.headline}`;
    this.#explain(found);
    await this.#draw();
  }

  #explain(found) {
    const strength = document.createElement("p");
    strength.textContent = found.strength;
    const rows = found.rows.map((row) => {
      const item = document.createElement("li");
      item.textContent = row.join(", ");
      return item;
    });
    const list = document.createElement("ul");
    list.append(...rows, ...found.notes.map((note) => Object.assign(document.createElement("li"), { textContent: note, className: "wrong" })));
    $("explained").replaceChildren(strength, list);
    const shares = found.shares.map(([name, value, allowed, unit, least, percent, zone]) => {
      const row = document.createElement("tr");
      const meter = Object.assign(document.createElement("meter"), { max: 100, value: percent, ariaLabel: name });
      const shown = (x) => Number(x.toPrecision(4));
      const compared = allowed === 0 ? "exactly" : least ? "at least" : "at most";
      for (const cell of [name, `${shown(value)} ${unit}`, `${compared} ${shown(allowed)}`, `${shown(percent)} %`, zone || "all"]) {
        row.append(Object.assign(document.createElement("td"), { textContent: cell }));
      }
      const last = document.createElement("td");
      last.append(meter);
      row.append(last);
      return row;
    });
    const head = document.createElement("tr");
    for (const name of ["limit", "value", "allowed", "used", "worst in", ""]) head.append(Object.assign(document.createElement(name ? "th" : "td"), { textContent: name }));
    $("shares").replaceChildren(head, ...shares);
    const chosen = Math.min($("zone").selectedIndex < 0 ? 0 : $("zone").selectedIndex, this.document.zones.length - 1);
    $("zone").replaceChildren(...this.document.zones.map((zone, i) => new Option(`${i + 1}: ${zoneName(zone)}`, String(i))));
    $("zone").selectedIndex = chosen;
  }

  async #draw() {
    if (!this.good) return;
    const zone = Number($("zone").value) || 0;
    const level = Math.max(1, Math.min(10, Number($("level").value) || 10));
    const wave = this.document.zones[zone].waveform;
    const span = Math.max(SPAN_MS, 2200 / (wave.rate_hz || 1), wave.burst_pulses ? (2200 * wave.burst_pulses) / wave.rate_hz : 0);
    const phases = await this.desk.ask("play", this.good, zone, level, Math.round(span));
    $("drawn").replaceChildren(pulses(phases, span * 1000));
  }
}

function numberOf(text) {
  const value = text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : text;
}

/** Phases [us, direction, us, uA] as a picture. */
function pulses(phases, spanUs) {
  const [width, height, middle] = [600, 150, 75];
  const most = Math.max(1, ...phases.map(([, , , ua]) => ua));
  const x = (us) => ((us / spanUs) * width).toFixed(2);
  const bars = phases.map(([at, direction, us, ua]) => {
    const tall = (ua / most) * 60;
    return draw("rect", { x: x(at), width: Math.max(0.7, (us / spanUs) * width).toFixed(2), y: direction > 0 ? middle - tall : middle, height: tall, style: direction > 0 ? "fill:var(--main)" : "fill:var(--lit)" });
  });
  const text = (y, label) => draw("text", { x: 2, y, "font-size": 12, fill: "currentColor" }, label);
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Pulses of ${most} uA in either direction over ${Math.round(spanUs / 1000)} ms` },
    draw("line", { x1: 0, x2: width, y1: middle, y2: middle, stroke: "currentColor", "stroke-width": 0.5 }), ...bars,
    text(12, `${most} uA, electrode 1 to 2`), text(146, `back; ${Math.round(spanUs / 1000)} ms in all`));
}
