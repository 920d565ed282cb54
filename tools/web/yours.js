// "Your device": a real one over Web Serial, or the one in this page.

import { Calibration } from "./calibrate.js";
import { $ } from "./dom.js";
import { Editor } from "./editor.js";
import { Link, PagePort, portProblem, readBank, readJournal, writeBank } from "./link.js";
import { Settings } from "./settings.js";
import { draw } from "./svg.js";
import { fill } from "./try.js";
import { zoneName } from "./words.js";

const PICO = { usbVendorId: 0x2e8a };
const UNIX_S = 1577836800; // the device takes times from here on

export class Yours {
  constructor(desk, device, whatToDo) {
    this.desk = desk;
    this.device = device;
    this.whatToDo = whatToDo;
    this.link = /** @type {Link | null} */ (null);
    this.bank = null;
    this.texts = /** @type {string[]} */ ([]);
    this.records = { sessions: [], faults: [] };
    this.calibration = new Calibration(desk, () => this.link, () => this.#look());
    this.settings = new Settings(desk, () => this.link, (text, bad) => this.say(text, bad));
    this.editor = new Editor(desk, (canonical) => this.#edited(canonical));
    const serial = "serial" in navigator;
    $("no-serial").hidden = serial;
    $("connect").disabled = !serial;
    $("connect").onclick = () => this.#guarded($("connect"), () => this.#choose());
    $("connect-page").onclick = () => this.#guarded($("connect-page"), () => this.#connectPage());
    $("disconnect").onclick = () => this.#guarded($("disconnect"), () => this.#leave("Disconnected."));
    $("refresh").onclick = () => this.#guarded($("refresh"), () => this.#look());
    $("selftest").onclick = () => this.#guarded($("selftest"), () => this.#selftest());
    $("clock").onclick = () => this.#guarded($("clock"), () => this.#clock(true));
    $("push").onclick = () => this.#guarded($("push"), () => this.#push());
    $("undo").onclick = () => this.#set([...this.bank.texts]);
    $("save").onclick = () => this.#saveAll();
    $("open").onchange = () => this.#guarded($("open"), () => this.#open());
    $("ship").onchange = () => this.#ship();
    $("journal-json").onclick = () => save("journal.json", JSON.stringify(this.records, null, 2), "application/json");
    $("journal-csv").onclick = () => save("sessions.csv", csv(this.records.sessions, this.about.session_fields), "text/csv");
    desk.about.then(
      (about) => {
        this.about = about;
        $("ship").append(new Option("choose", ""), ...about.shipped.map((text, i) => new Option(JSON.parse(text).name, String(i))));
      },
      (problem) => this.say(`The firmware's checks could not be started in this browser: ${problem.message}`, true),
    );
  }

  say(text, bad = false) {
    $("link-words").textContent = text;
    $("link-words").classList.toggle("bad", bad);
  }

  /** Run what a button does; its error is a sentence. */
  async #guarded(button, work) {
    button.disabled = true;
    try {
      await work();
    } catch (problem) {
      this.say(problem.message || String(problem), true);
    } finally {
      button.disabled = button.id === "connect" && !("serial" in navigator);
      this.#marks();
    }
  }

  async #choose() {
    let port;
    try {
      port = await /** @type {any} */ (navigator).serial.requestPort({ filters: [PICO] });
    } catch (problem) {
      throw new Error(portProblem(problem));
    }
    await this.#connect(port);
  }

  async #connectPage() {
    const device = this.device();
    if (!device.plugged) {
      device.do("usb", true);
      $("cable").checked = true;
      this.say("The cable of this page's device is put in; it starts ...");
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
    await this.#connect(new PagePort(device));
  }

  async #connect(port) {
    await this.#leave("");
    this.say("Connecting ...");
    const link = new Link(port, (reason) => this.#gone(reason));
    await link.open();
    this.link = link;
    $("connected").hidden = $("disconnect").hidden = false;
    await this.#clock(false);
    await this.#look();
    this.calibration.show();
  }

  async #leave(words) {
    const link = this.link;
    this.link = null;
    if (link) await link.close();
    this.calibration.show();
    $("connected").hidden = $("disconnect").hidden = true;
    if (words) this.say(words);
  }

  #gone(reason) {
    this.link?.close();
    this.link = null;
    this.calibration.show();
    $("connected").hidden = !this.#changed;
    $("disconnect").hidden = true;
    this.say(`${reason} ${this.#changed ? "Your changes are still on this page: connect again and push them." : "Connect again when it is there."}`, true);
    this.#marks();
  }

  async #look() {
    const mine = this.#changed ? this.texts : null;
    this.say("Reading ...");
    this.about = await this.desk.about; // on a slow computer it may come after the device's first answers
    const info = await this.link.ask("device.info");
    this.bank = await readBank(this.link);
    this.records = { sessions: await readJournal(this.link, "session"), faults: await readJournal(this.link, "fault") };
    const calibration = await this.link.ask("calibration.read");
    const words = [
      ["device", `${info.product} ${info.version} on ${info.board}`], ["id", info.id], ["MicroPython", info.micropython], ["state", info.state],
      ["cell", info.battery_pct === null ? "not measured with the cable in" : `${info.battery_pct} %`],
      ["clock", info.clock === null ? "not set" : new Date(info.clock * 1000).toLocaleString()],
      ["calibrated", calibration.calibrated ? "yes" : calibration.damage ? `no: ${calibration.damage}` : "no"],
    ];
    if (info.data_lost) words.push(["lost", `${info.data_lost}: push your presets or calibrate again, as it needs`]);
    if (info.version !== this.about.version) words.push(["page", `this page is of ${this.about.version}: its checks may differ from the device's`]);
    fill($("info"), words);
    this.#set(mine ?? [...this.bank.texts]);
    await this.settings.read();
    await this.#journal();
    this.say(`Connected: Tonus ${info.version} on ${info.board}, ${info.state}.${mine ? " Your changes are not on it yet." : ""}`);
  }

  async #selftest() {
    this.say("It tests itself ...");
    const readings = await this.link.ask("device.selftest").catch((problem) => {
      throw new Error(`${problem.message} A fault stays until the device's power goes: unplug it and switch it off.`);
    });
    fill($("readings"), Object.entries(readings).map(([name, value]) => [name, `${value}${this.about.readings[name] ? `: ${this.about.readings[name]}` : ""}`]));
    this.say("The self-test passed.");
  }

  async #clock(tell) {
    const unix_s = Math.max(UNIX_S, Math.round(Date.now() / 1000));
    await this.link.ask("device.clock", { unix_s });
    if (tell) this.say(`Its clock is set: ${new Date(unix_s * 1000).toLocaleString()}.`);
  }

  // Presets.

  get #changed() {
    return this.bank !== null && JSON.stringify(this.texts) !== JSON.stringify(this.bank.texts);
  }

  #set(texts) {
    this.texts = texts;
    $("presets").replaceChildren(...texts.map((text, i) => this.#row(text, i)));
    this.#marks();
  }

  #marks() {
    const changed = this.#changed;
    $("push").disabled = !changed || !this.link || !this.texts.length;
    $("undo").disabled = !changed;
    if (this.bank) {
      const whose = this.bank.damage ? `the presets on its flash were damaged (${this.bank.damage}): those that ship are in force` : this.bank.shipped ? "the presets that ship" : "a bank of your own";
      $("bank-words").textContent = `On the device: ${whose}; generation ${this.bank.generation}, crc ${this.bank.crc32}.${changed ? " What is below is not on it yet." : ""}`;
    }
  }

  #row(text, i) {
    const preset = JSON.parse(text);
    const item = document.createElement("li");
    const name = Object.assign(document.createElement("strong"), { textContent: preset.name });
    const was = this.bank?.texts.find((other) => JSON.parse(other).id === preset.id);
    const tag = was === text ? "on the device" : was ? "changed" : "new";
    const minutes = preset.zones.reduce((sum, zone) => sum + zone.duration_s, 0) / 60;
    item.append(name, Object.assign(document.createElement("span"), { className: "tag", textContent: tag }), `${preset.top_ua} uA, ${Number(minutes.toFixed(1))} min, ${preset.zones.length} zones`);
    const button = (label, act, off = false) => {
      const made = Object.assign(document.createElement("button"), { textContent: label, disabled: off, ariaLabel: `${label} ${preset.name}` });
      made.onclick = act;
      item.append(made);
    };
    button("Edit", () => {
      this.editing = i;
      this.editor.edit(text);
    });
    button("Copy", () => this.#add(text));
    button("Up", () => {
      const texts = [...this.texts];
      texts.splice(i - 1, 0, texts.splice(i, 1)[0]);
      this.#set(texts);
    }, i === 0);
    button("Save", () => save(`${preset.id}.json`, `${text}\n`, "application/json"));
    button("Remove", () => this.#set(this.texts.filter((_, other) => other !== i)), this.texts.length === 1);
    return item;
  }

  #edited(canonical) {
    if (canonical === null) return;
    const { id } = JSON.parse(canonical);
    if (this.texts.some((text, i) => i !== this.editing && JSON.parse(text).id === id)) {
      this.say(`The id ${id} is another preset's: give this one an id of its own. It is not taken.`, true);
      return;
    }
    this.#set(this.texts.map((text, i) => (i === this.editing ? canonical : text)));
    this.say("Changed here. Push puts it on the device.");
  }

  /** Append a preset; its id is made its own. */
  #add(text) {
    const preset = JSON.parse(text);
    const ids = this.texts.map((other) => JSON.parse(other).id);
    const stem = preset.id.slice(0, 20);
    for (let n = 2; ids.includes(preset.id); n += 1) preset.id = `${stem}-${n}`;
    this.desk.ask("check", JSON.stringify(preset)).then(
      (found) => {
        this.#set([...this.texts, found.canonical]);
        this.say(`${found.name} is added here. Push puts it on the device.`);
      },
      (problem) => this.say(problem.message, true),
    );
  }

  #ship() {
    if ($("ship").value !== "") this.#add(this.about.shipped[Number($("ship").value)]);
    $("ship").value = "";
  }

  async #open() {
    const file = $("open").files[0];
    $("open").value = "";
    if (!file) return;
    let read;
    try {
      read = JSON.parse(await file.text());
    } catch (problem) {
      throw new Error(`${file.name} is not JSON: ${problem.message}. Nothing was changed.`);
    }
    const texts = [...this.texts];
    for (const [i, document] of (Array.isArray(read) ? read : [read]).entries()) {
      const found = await this.desk.ask("check", JSON.stringify(document)).catch((problem) => {
        throw new Error(`${file.name}, preset ${i + 1}: ${problem.message}. Nothing was changed.`);
      });
      const at = texts.findIndex((text) => JSON.parse(text).id === found.id);
      if (at < 0) texts.push(found.canonical);
      else texts[at] = found.canonical;
    }
    this.#set(texts);
    this.say(`${file.name} is read. Push puts it on the device.`);
  }

  #saveAll() {
    save("presets.json", `[\n${this.texts.join(",\n")}\n]\n`, "application/json");
  }

  async #push() {
    const bar = $("progress");
    bar.hidden = false;
    bar.value = 0;
    this.say("Sending ...");
    try {
      const { generation } = await writeBank(this.link, this.texts, (part) => (bar.value = part));
      this.bank = await readBank(this.link);
      const whole = JSON.stringify(this.bank.texts) === JSON.stringify(this.texts);
      this.#set(this.texts);
      this.say(whole ? `Done: generation ${generation} is on the device, read back and compared.` : "What was read back is not what was sent: look again.", !whole);
    } finally {
      bar.hidden = true;
    }
  }

  // Journal.

  async #journal() {
    const { sessions, faults } = this.records;
    const parts = [];
    if (sessions.length) {
      parts.push(chart(sessions), await this.#sides(sessions), ...(await this.#routine(sessions)), table("Records of sessions", this.about.session_columns, await this.desk.ask("sessions", sessions), (i) => this.#session(sessions, i)));
    } else parts.push(paragraph("No session has treated yet."));
    if (faults.length) parts.push(table("Records of faults", this.about.fault_columns, await this.desk.ask("fault_rows", faults), (i) => this.#fault(faults[i])));
    else parts.push(paragraph("No faults."));
    this.facts = document.createElement("dl");
    this.facts.className = "facts";
    this.facts.id = "record-facts";
    this.facts.setAttribute("aria-live", "polite");
    this.zones = document.createElement("div");
    $("journal").replaceChildren(...parts, this.zones, this.facts);
  }

  /** Left and right of each region, over all sessions. */
  async #sides(sessions) {
    const pairs = await this.desk.ask("sides", sessions);
    const box = document.createElement("div");
    const bars = pairs.flatMap(([region, left, right, leftSet, rightSet]) => [[`${region} L`, leftSet, left], [`${region} R`, rightSet, right]]);
    if (!bars.length) return box;
    const told = pairs.map(([region, left, right, , , , , apart, n, less]) => `${region}: left ${left.toFixed(1)}, right ${right.toFixed(1)} uC in ${n} sessions; ${less ? `${less} got ${Math.abs(apart).toFixed(0)} % less` : "even"}`);
    box.append(heading("Left and right"), columns(bars, "Left and right of each part of the face"), ...told.map(paragraph));
    return box;
  }

  /** The plan, and what was kept of it. */
  async #routine(sessions) {
    const plan = this.settings.now?.plan;
    if (!plan) return [];
    const kept = await this.desk.ask("routine", sessions, plan, Math.round(Date.now() / 1000));
    const list = document.createElement("dl");
    list.className = "facts";
    fill(list, [["plan", `${plan.days_a_week} days a week for ${plan.days} days, then ${plan.then_days_a_week}`], ["where", kept.position], ["next", kept.next], ["without a date", `${kept.undated} sessions`]]);
    const weeks = table("Weeks", ["week", "from", "days", "of", "", "day by day: # a session, o perhaps one, . none"], kept.weeks);
    return [heading("Routine"), list, ...(kept.weeks.length ? [weeks] : [])];
  }

  async #fault(record) {
    this.zones.replaceChildren();
    await this.#facts("fault_facts", [["what to do", this.whatToDo[record.fault] ?? "nothing"]], record);
  }

  async #session(sessions, i) {
    const record = sessions[i];
    const names = this.#zones(record);
    const bars = (record.charges ?? []).map(([set, delivered], zone) => [names[zone] ?? `zone ${zone + 1}`, set, delivered]);
    this.zones.replaceChildren(...(bars.length ? [columns(bars, `Zones of session ${record.n}`)] : []));
    await this.#facts("session_facts", [], sessions, i, names);
  }

  async #facts(name, besides, ...of) {
    fill(this.facts, [...(await this.desk.ask(name, ...of)), ...besides]);
  }

  /** Names of a session's zones, while its preset is known. */
  #zones(record) {
    const text = this.bank.generation === record.generation ? this.bank.texts.find((one) => JSON.parse(one).id === record.id) : null;
    return text ? JSON.parse(text).zones.map(zoneName) : [];
  }
}

const heading = (textContent) => Object.assign(document.createElement("h4"), { textContent });
const paragraph = (textContent) => Object.assign(document.createElement("p"), { textContent });

/** Rows of cells; `explain`, when there is one, is what the first cell's button does. */
function table(what, columns, rows, explain = undefined) {
  const made = document.createElement("table");
  const head = document.createElement("tr");
  for (const textContent of columns) head.append(Object.assign(document.createElement("th"), { textContent }));
  made.append(head);
  rows.forEach((cells, i) => {
    const row = document.createElement("tr");
    cells.forEach((textContent, column) => {
      const cell = document.createElement("td");
      if (column === 0 && explain) {
        const button = Object.assign(document.createElement("button"), { textContent, ariaLabel: `Explain ${textContent}` });
        button.onclick = () => explain(i);
        cell.append(button);
      } else cell.textContent = textContent;
      row.append(cell);
    });
    made.append(row);
  });
  const box = document.createElement("div");
  box.className = "scroll";
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", what);
  box.append(made);
  return box;
}

/** Charge of each session. */
function chart(sessions) {
  return columns(sessions.map((s) => [`s${s.n}`, s.set_uc ?? s.charge_uc, s.charge_uc]), "Sessions");
}

/** Bars [name, uC set, uC delivered]: set as a frame, delivered filled. The words have all of it. */
function columns(bars, what) {
  const narrow = window.innerWidth < 600;
  const [width, height, base] = [narrow ? 320 : 640, 158, 120];
  const most = Math.max(1, ...bars.map(([, set, delivered]) => Math.max(set, delivered)));
  const step = width / Math.max(narrow ? 4 : 8, bars.length);
  const marks = bars.flatMap(([name, set, delivered], i) => {
    const x = i * step + 3;
    const bar = (uc, style) => draw("rect", { x, y: base - (uc / most) * 112, width: step - 6, height: (uc / most) * 112, ...style });
    const lines = bars.length > (narrow ? 8 : 16) ? [] : name.split(/ (?=left|right|L$|R$)/).map((word, line) => draw("text", { x: x + step / 2 - 3, y: base + 15 + 13 * line, "font-size": 11, "text-anchor": "middle", fill: "currentColor" }, word));
    return [bar(set, { fill: "none", stroke: "currentColor" }), bar(delivered, { style: "fill:var(--main)" }), ...lines];
  });
  const words = `${what}: ${bars.map(([name, set, delivered]) => `${name} ${delivered.toFixed(1)} of ${set.toFixed(1)} uC`).join(", ")}`;
  const figure = document.createElement("figure");
  const caption = Object.assign(document.createElement("figcaption"), { textContent: `${what}; the highest ${most.toFixed(1)} uC; frame: set, filled: delivered` });
  figure.append(caption, draw("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": words }, ...marks));
  return figure;
}

function csv(records, fields) {
  const names = [...new Set([...fields, ...records.flatMap((record) => Object.keys(record))])];
  const cell = (name, value) => {
    const text = value === undefined || value === null ? "" : name === "at" ? new Date(value * 1000).toISOString() : typeof value === "object" ? JSON.stringify(value) : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [names.join(","), ...records.map((record) => names.map((name) => cell(name, record[name])).join(","))].join("\n") + "\n";
}

function save(name, text, type) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
