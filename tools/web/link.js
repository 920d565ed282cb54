// The device's protocol over a port of Web Serial, or one like it: firmware/tonus/PROTOCOL.md.

const TIMEOUT_MS = 6000; // the device answers within 2 s; one that is simulated may be slower than life
const LINE_BYTES = 1024;
const PROTOCOL = 1;
const SETTLE_MS = 50;

/** What went wrong, as a sentence that says what to do. */
export class LinkError extends Error {
  constructor(message, code = 0) {
    super(message);
    this.code = code;
    this.silent = false; // nobody answered
  }
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let i = 0; i < 8; i += 1) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** CRC-32 of zlib of a text's UTF-8, as eight hex digits. */
export function crc32(text) {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0");
}

/** A sentence for what a browser throws when a port is asked for or opened. */
export function portProblem(problem) {
  switch (problem.name) {
    case "NotFoundError":
      return "No port was chosen. If none was listed: is it a data cable, and is the device switched on or charging?";
    case "SecurityError":
    case "NotAllowedError":
      return "This browser does not let this page use ports: allow serial ports for this site in its settings.";
    case "InvalidStateError":
      return "The port is open already, in this tab or another one.";
    case "NetworkError":
      return "The port could not be opened: another program may have it (a terminal, mpremote, tonusctl, another tab), or this user may not use it (on Linux: sudo usermod -aG dialout $USER, then log out and in).";
    default:
      return `The port could not be opened: ${problem.message || problem}.`;
  }
}

const GONE = "The connection is gone: the cable was pulled, or the device restarted.";

export class Link {
  /** @param {any} port a SerialPort @param {(reason: string) => void} gone called once when the port is no more */
  constructor(port, gone) {
    this.port = port;
    this.gone = gone;
    this.id = 1 + Math.floor(Math.random() * 1e6);
    this.waits = new Map();
    this.rest = "";
    this.over = false;
    this.turn = Promise.resolve();
    this.garbage = 0;
  }

  /** Open the port and ask who is there: the answer to device.info. LinkError. */
  async open() {
    try {
      await this.port.open({ baudRate: 115200 });
    } catch (problem) {
      throw new LinkError(portProblem(problem));
    }
    this.reader = this.port.readable.getReader();
    this.writer = this.port.writable.getWriter();
    this.reading = this.#read();
    try {
      await this.port.setSignals?.({ dataTerminalReady: true });
      await this.#write("\n");
      const info = await this.ask("device.info");
      if (info.product !== "tonus") throw new LinkError("Another device is on this port, not a Tonus.");
      if (info.protocol !== PROTOCOL) {
        const older = info.protocol < PROTOCOL ? "the device's firmware is older than this page: put a newer one on it" : "this page is older than the device's firmware: load it anew, or get a newer one";
        throw new LinkError(`The device speaks protocol ${info.protocol}, this page ${PROTOCOL}: ${older}.`);
      }
      return info;
    } catch (problem) {
      await this.close();
      if (problem.silent && this.heardPrompt) throw new LinkError("The device is in safe mode: it has MicroPython's prompt and not this protocol. Unplug it and start it without holding MINUS.");
      if (problem.silent) throw new LinkError("Nothing that answers is on this port. Is it a Tonus, and is it switched on or charging? In safe mode (LEVEL_1 and LEVEL_5 lit) it does not answer.");
      throw problem;
    }
  }

  /** A request, after those before it; its result. LinkError, with `code` when the device refused. */
  ask(method, params = undefined) {
    const answer = this.turn.then(() => this.#ask(method, params));
    this.turn = answer.catch(() => {});
    return answer;
  }

  async close() {
    this.#end("");
    try {
      await this.reader?.cancel();
      this.reader?.releaseLock();
      await this.writer?.abort();
      this.writer?.releaseLock();
    } catch {
      // it is gone already
    }
    try {
      await this.port.close();
    } catch {
      // likewise
    }
  }

  async #ask(method, params) {
    if (this.over) throw new LinkError(GONE);
    const id = (this.id += 1);
    const text = JSON.stringify({ jsonrpc: "2.0", id, method, ...(params ? { params } : {}) });
    const answer = new Promise((resolve, reject) => this.waits.set(id, { resolve, reject }));
    const late = setTimeout(() => {
      const problem = new LinkError("The device does not answer. Pull the cable, plug it in again and connect.");
      problem.silent = true;
      this.waits.get(id)?.reject(problem);
    }, TIMEOUT_MS);
    try {
      await Promise.all([answer, this.#write(`${text}*${crc32(text)}\n`).catch(() => this.#end(GONE))]);
      return await answer;
    } finally {
      clearTimeout(late);
      this.waits.delete(id);
    }
  }

  #write(text) {
    return this.writer.write(new TextEncoder().encode(text));
  }

  async #read() {
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const { value, done } = await this.reader.read();
        if (done) break;
        this.rest += decoder.decode(value, { stream: true });
        const lines = this.rest.split("\n");
        this.rest = lines.pop().slice(-4 * LINE_BYTES);
        for (const line of lines) this.#line(line.replace(/\r$/, ""));
        if (this.rest.endsWith(">>> ")) this.heardPrompt = true;
      }
    } catch {
      // what ended it is told below
    }
    this.#end(GONE);
  }

  #line(line) {
    if (line.includes("MicroPython") || line.startsWith(">>> ") || line.includes('"safe_mode"')) this.heardPrompt = true;
    if (!line.startsWith('{"jsonrpc"')) return; // the device's log, for people
    const star = line.lastIndexOf("*");
    const text = line.slice(0, star);
    if (star < 0 || crc32(text) !== line.slice(star + 1)) {
      this.garbage += 1; // a damaged line: its request is told by its silence
      return;
    }
    const reply = JSON.parse(text);
    if (reply.id === null && reply.error && this.waits.size) {
      for (const wait of this.waits.values()) wait.reject(new LinkError(`The request was damaged on its way: ${reply.error.message}.`, reply.error.code));
      return;
    }
    const wait = this.waits.get(reply.id);
    if (!wait) return; // to somebody who was here before
    if (reply.error) wait.reject(new LinkError(`The device refused: ${reply.error.message}.`, reply.error.code));
    else wait.resolve(reply.result);
  }

  #end(reason) {
    if (this.over) return;
    this.over = true;
    for (const wait of this.waits.values()) wait.reject(new LinkError(reason || GONE));
    if (reason) this.gone(reason);
  }
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The bank in force: {generation, crc32, shipped, damage, presets: ids, texts}. LinkError. */
export async function readBank(link) {
  for (let tries = 0; tries < 3; tries += 1) {
    const bank = await link.ask("bank.list");
    const texts = [];
    for (const id of bank.presets) {
      let text = "";
      for (;;) {
        const piece = await link.ask("bank.read", { id, offset: text.length });
        text += piece.text;
        if (text.length >= piece.size || !piece.text) break;
      }
      texts.push(text);
    }
    if (crc32(texts.map((text) => `${text}\n`).join("")) === bank.crc32) return { ...bank, texts };
  }
  throw new LinkError("The presets changed while they were read, three times: is another program at it?");
}

/**
 * Put a whole bank of canonical texts in force, or change nothing; the new bank's {generation, crc32}. LinkError whose
 * message says what is in force.
 * @param {Link} link
 * @param {string[]} texts
 * @param {(part: number) => void} progress is told how much is sent, 0 to 1
 */
export async function writeBank(link, texts, progress = () => {}) {
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  const wanted = crc32(texts.map((text) => `${text}\n`).join(""));
  let sent = 0;
  let transaction;
  let committing = false;
  try {
    ({ transaction } = await link.ask("bank.begin", { presets: texts.length }));
    for (const [index, text] of texts.entries()) {
      let offset = 0;
      do {
        const piece = fitting(text, offset);
        const last = offset + piece.length === text.length;
        await link.ask("bank.put", { transaction, index, offset, text: piece, last });
        offset += piece.length;
        progress((sent += piece.length) / total);
      } while (offset < text.length);
    }
    committing = true;
    return await link.ask("bank.commit", { transaction, crc32: wanted });
  } catch (problem) {
    if (!committing || (problem.code && problem.code !== -32014)) {
      if (!link.over && transaction !== undefined) await link.ask("bank.abort", { transaction }).catch(() => {});
      throw new LinkError(`${problem.message} Nothing was changed on the device; your changes are still on this page.`, problem.code);
    }
    // The answer to the commit is lost: the bank itself tells.
    if (!link.over) {
      await wait(SETTLE_MS);
      const bank = await link.ask("bank.list").catch(() => null);
      if (bank?.crc32 === wanted) return bank;
      if (bank) throw new LinkError(`${problem.message} The presets on the device are as they were (generation ${bank.generation}).`, problem.code);
    }
    throw new LinkError(`${problem.message} It was just putting the presets in force: they are the new ones or the old ones, whole. Connect again and look.`);
  }
}

/** As much of a text, from an offset, as fits a line of the protocol. */
function fitting(text, offset) {
  let size = Math.min(1000, text.length - offset);
  const room = LINE_BYTES - 160; // the rest of the request, and its CRC
  while (JSON.stringify(text.slice(offset, offset + size)).length > room) size -= 8;
  return text.slice(offset, offset + size);
}

/** All records of a kind, "session" or "fault", the oldest first. LinkError. */
export async function readJournal(link, kind) {
  const found = [];
  let after = 0;
  for (;;) {
    const { record } = await link.ask("journal.read", { kind, after });
    if (record === null) return found;
    found.push(record);
    after = record.n;
  }
}

/** The USB port of the device in this page, with the methods of a SerialPort. */
export class PagePort {
  constructor(device) {
    this.device = device;
  }

  async open() {
    if (!this.device.plugged) throw new DOMException("The cable is not in", "NotFoundError");
    if (this.device.heard) throw new DOMException("The port is open", "InvalidStateError");
    const device = this.device;
    this.readable = new ReadableStream({
      start: (controller) => {
        device.heard = (text) => controller.enqueue(new TextEncoder().encode(text));
        device.unplugged = () => {
          device.heard = device.unplugged = null;
          controller.error(new DOMException("The device has been lost.", "NetworkError"));
        };
      },
      cancel: () => {
        device.heard = device.unplugged = null;
      },
    });
    this.writable = new WritableStream({
      write: (chunk) => {
        device.send(String.fromCharCode(...chunk));
      },
    });
  }

  async close() {
    this.device.heard = this.device.unplugged = null;
  }
}
