// The device that runs in this page: the firmware's own files in a worker, with a USB port like a real one's.

import { View } from "./trace.js";

const KEPT = "tonus.data"; // the device's /data: presets, calibration, journal
const FINGER_US = 300_000;
export const START = { touch: "lifted", battery_pct: 80, usb: false, temperature_c: 25, bounce_ms: 10 };

export class Device extends EventTarget {
  /** @param {Object} pack pack.json */
  constructor(pack) {
    super();
    this.view = new View();
    this.plugged = false;
    this.late = false;
    this.backlog = 0;
    this.memory = 0; // bytes
    this.ended = "";
    this.heard = /** @type {((text: string) => void) | null} */ (null); // the program that has the port open
    this.unplugged = /** @type {(() => void) | null} */ (null);
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.#take(data);
    this.worker.onerror = (event) => this.#take({ ended: event.message || "the device's thread could not be started" });
    let kept = {};
    try {
      kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    } catch {
      // what is there is not ours
    }
    const config = {
      name: "page", board: "tonus_r1", seed: 1 + Math.floor(Math.random() * 1e6), until_us: 1e15,
      // A finger on MODE switches it on.
      timeline: [{ at_us: 0, do: "hold", value: "MODE" }, { at_us: FINGER_US, do: "release", value: "MODE" }],
      start: { ...START, host: "reads", stubble: null, bridge_ohm: 0, errors: pack.errors },
    };
    this.worker.postMessage({ start: { config, pack, kept } });
  }

  /** Something happens to the device: an action of SCENARIOS.md. */
  do(action, value) {
    if (action === "usb") {
      this.plugged = value;
      if (!value) this.unplugged?.();
    }
    this.worker.postMessage({ do: [[action, value]] });
  }

  set speed(factor) {
    this.worker.postMessage({ speed: factor });
  }

  /** Bytes from the host, as a text of them. */
  send(text) {
    this.worker.postMessage({ send: text });
  }

  close() {
    this.worker.terminate();
    this.unplugged?.();
  }

  #take(message) {
    if (message.ended !== undefined) {
      this.ended = message.ended;
      this.dispatchEvent(new Event("ended"));
      return;
    }
    if (message.kept) {
      try {
        localStorage.setItem(KEPT, JSON.stringify(message.kept));
      } catch {
        // no room, or a private window: kept for as long as the page is open
      }
      return;
    }
    let told = false;
    let wrote = false;
    for (const line of message.trace ? message.trace.split("\n") : []) {
      const record = JSON.parse(line);
      if (record[0] === "usb") this.heard?.(record[2].replaceAll("\n", "\r\n"));
      wrote ||= record[0] === "flash";
      told = this.view.take(record) || told;
    }
    this.view.nowMs = message.now_ms;
    this.late = message.late ?? false;
    this.backlog = message.backlog;
    this.memory = message.memory ?? this.memory;
    if (wrote) this.worker.postMessage({ keep: true });
    if (message.ready) this.dispatchEvent(new Event("ready"));
    this.dispatchEvent(new Event(told ? "told" : "shown"));
  }
}
