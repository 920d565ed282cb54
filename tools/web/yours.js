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
    await this.#journal();
    await this.settings.read();
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
      parts.push(chart(sessions), table(this.about.session_columns, await this.desk.ask("sessions", sessions), (i) => this.#facts("session_facts", [], sessions, i, this.#zones(sessions[i]))));
    } else parts.push(paragraph("No session has treated yet."));
    if (faults.length) parts.push(table(this.about.fault_columns, await this.desk.ask("fault_rows", faults), (i) => this.#facts("fault_facts", [["what to do", this.whatToDo[faults[i].fault] ?? "nothing"]], faults[i])));
    else parts.push(paragraph("No faults."));
    this.facts = document.createElement("dl");
    this.facts.className = "facts";
    this.facts.setAttribute("aria-live", "polite");
    $("journal").replaceChildren(...parts, this.facts);
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

const paragraph = (textContent) => Object.assign(document.createElement("p"), { textContent });

function table(columns, rows, explain) {
  const made = document.createElement("table");
  const head = document.createElement("tr");
  for (const textContent of columns) head.append(Object.assign(document.createElement("th"), { textContent }));
  made.append(head);
  rows.forEach((cells, i) => {
    const row = document.createElement("tr");
    cells.forEach((textContent, column) => {
      const cell = document.createElement("td");
      if (column === 0) {
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
  box.setAttribute("aria-label", "Records");
  box.append(made);
  return box;
}

/** Charge of each session: set as a frame, delivered filled; and how it divides among the zones. */
function chart(sessions) {
  const [width, height, base] = [640, 170, 140];
  const most = Math.max(...sessions.map((s) => s.set_uc ?? s.charge_uc), 1);
  const step = width / Math.max(8, sessions.length);
  const marks = sessions.flatMap((s, i) => {
    const x = i * step + 3;
    const tall = (uc) => (uc / most) * 120;
    const set = s.set_uc ?? s.charge_uc;
    return [
      draw("rect", { x, y: base - tall(set), width: step - 6, height: tall(set), fill: "none", stroke: "currentColor" }),
      draw("rect", { x, y: base - tall(s.charge_uc), width: step - 6, height: tall(s.charge_uc), style: "fill:var(--main)" }),
      draw("text", { x: x + step / 2 - 3, y: base + 16, "font-size": 12, "text-anchor": "middle", fill: "currentColor" }, `s${s.n}`),
    ];
  });
  const words = `Charge of ${sessions.length} sessions: set as a frame, delivered filled; the largest ${most} uC`;
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": words }, ...marks, draw("text", { x: 2, y: 12, "font-size": 12, fill: "currentColor" }, `${most} uC; frame: set, filled: delivered`));
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
