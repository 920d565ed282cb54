// "Try it": the handheld, the face, what flows, the world around it.

import { START } from "./device.js";
import { $ } from "./dom.js";
import { Face } from "./face.js";
import { Handheld } from "./handheld.js";
import { Sound } from "./sound.js";
import { stateWords } from "./words.js";

const PRESS_MS = 120; // a short press
const KEYS = { m: "MODE", M: "MODE", "+": "PLUS", "=": "PLUS", "-": "MINUS", _: "MINUS" };
const PACE_MS = 1000; // of the speed that is told
const TOUCHING = ["ARMED", "RAMP_UP", "TREAT", "RAMP_DOWN", "PAUSED"]; // when a guided hand is on the face


export class TryIt {
  constructor(make, desk, pack) {
    this.make = make;
    this.about = null;
    desk.about.then((about) => (this.about = about)).catch(() => {});
    this.handheld = new Handheld($("handheld"), $("handheld-words"), pack.handheld);
    this.face = new Face($("face"), () => this.touch());
    this.sound = new Sound();
    this.down = new Map(); // button: when it went down
    this.touched = "lifted";
    this.broken = [];
    this.spoken = "";
    this.paces = []; // {at, nowMs}
    this.#world(pack.faults);
    this.whatToDo = pack.what_to_do;
    this.#buttons();
    this.start();
    const frame = () => {
      this.draw();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    setInterval(() => this.move(), 50);
  }

  start() {
    this.device?.close();
    const device = (this.device = this.make());
    this.touched = "lifted";
    this.broken = [];
    device.addEventListener("told", () => this.tell());
    device.addEventListener("shown", () => this.cues());
    device.addEventListener("ended", () => this.tell());
    if (Number($("speed").value) !== 1) device.speed = Number($("speed").value);
    if (Number($("cell").value) !== START.battery_pct) device.do("battery_pct", Number($("cell").value));
    $("cable").checked = false;
    this.touch();
  }

  hold(button) {
    if (this.down.has(button)) return;
    this.device.speed = 1; // a finger is as fast as it is
    this.down.set(button, performance.now());
    this.device.do("hold", button);
    $(button.toLowerCase()).classList.add("down");
  }

  release(button) {
    const since = this.down.get(button);
    if (since === undefined || since < 0) return;
    this.down.set(button, -1);
    const left = Math.max(0, PRESS_MS - (performance.now() - since));
    setTimeout(() => {
      this.down.delete(button);
      this.device.do("release", button);
      $(button.toLowerCase()).classList.remove("down");
      if (!this.down.size) this.device.speed = Number($("speed").value);
    }, left);
  }

  /** The electrodes touch what the face and the world say. */
  touch() {
    const on = this.face.onSkin;
    const wanted = this.shorted ? "short" : on ? $("gel").value : "lifted";
    if (wanted === this.touched) return;
    this.touched = wanted;
    if (wanted === "lifted") this.device.do("lift", true);
    else this.device.do("touch", wanted);
    $("lift").setAttribute("aria-pressed", String(this.face.lifted));
  }

  /** A guided hand follows the zones. */
  move() {
    if (!$("guide").checked || $("try").hidden) return;
    const view = this.device.view;
    this.face.guide(TOUCHING.includes(view.state), view.zoneNow?.[0] ?? view.preset?.zones[0]?.[0] ?? "", view.nowMs);
    this.touch();
  }

  tell() {
    const device = this.device;
    const text = device.ended ? `The simulated device stopped: ${device.ended}. "A new device" starts again.` : stateWords(device.view, this.about, this.whatToDo);
    if (text !== this.spoken) $("words").textContent = this.spoken = text;
    $("words").classList.toggle("bad", Boolean(device.ended) || device.view.state === "FAULT");
  }

  cues() {
    const on = $("sound").checked && !$("try").hidden;
    this.sound.play(on ? this.device.view.hz : 0, on && this.device.view.haptic);
  }

  draw() {
    if ($("try").hidden) return;
    const view = this.device.view;
    this.handheld.draw(view);
    this.face.draw(view);
    this.#facts(view);
    this.#pulses(view);
  }

  #facts(view) {
    const zone = view.zoneNow;
    const clock = Math.floor(view.nowMs / 1000);
    const rows = [
      ["current", `${view.currentUa.toFixed(1)} uA`],
      ["level", view.level ? `${view.level} of 10: ${view.levelUa} uA` : "0"],
      ["preset", view.preset?.name ?? "-"],
      ["zone", zone ? `${view.zone} of ${view.preset.zones.length}, ${zone[0]}; ${Math.ceil(view.zoneLeftS)} s left` : "-"],
      ["contact", view.contact + (view.ohm && view.contact !== "open" ? `, ${view.ohm} Ohm` : "")],
      ["delivered", `${view.chargeUc.toFixed(1)} uC each way`],
      ["state", view.powered ? view.state : "OFF"],
      ["broken", this.broken.join(", ") || "nothing"],
      ["clock", `${Math.floor(clock / 60)}:${String(clock % 60).padStart(2, "0")}`],
      ["speed", `${this.#pace(view.nowMs).toFixed(1)} times life; the interpreter has ${Math.round(this.device.memory / 1e6)} MB`],
    ];
    fill($("facts"), rows);
    $("pace").textContent = this.device.late ? "This computer cannot keep up: time goes slower than asked for." : "";
  }

  /** Times life, over the last seconds. */
  #pace(nowMs) {
    const at = performance.now();
    const last = this.paces.at(-1);
    if (!last || nowMs < last.nowMs) this.paces = [{ at, nowMs }];
    else if (at - last.at > PACE_MS) this.paces = [...this.paces.slice(-4), { at, nowMs }];
    const first = this.paces[0];
    return at > first.at ? (nowMs - first.nowMs) / (at - first.at) : 0;
  }

  #pulses(view) {
    const canvas = $("pulses");
    const pen = canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const { width, height } = canvas;
    pen.clearRect(0, 0, width, height);
    pen.strokeStyle = style.getPropertyValue("--line");
    pen.strokeRect(0.5, height / 2, width, 0.01);
    pen.strokeStyle = style.getPropertyValue("--main");
    const most = Math.max(50, ...view.pulses.map(([, ua]) => Math.abs(ua)));
    // So many pulses are told apart, whatever their rate.
    const [first, last] = [view.pulses.at(-24), view.pulses.at(-1)];
    const span = Math.max(100, first ? last[0] - first[0] : 2000);
    pen.beginPath();
    for (const [ms, ua] of view.pulses) {
      const x = width - ((view.nowMs - ms) / span) * width;
      if (x < 0) continue;
      pen.moveTo(x, height / 2);
      pen.lineTo(x, height / 2 - (ua / most) * (height / 2 - 4));
    }
    pen.stroke();
  }

  #world(faults) {
    $("fault").append(...faults.map((name) => new Option(name.replaceAll("_", " "), name)));
    $("gel").onchange = () => this.touch();
    $("cable").onchange = () => this.device.do("usb", $("cable").checked);
    $("cell").oninput = () => {
      $("cell-pct").textContent = `${$("cell").value} %`;
      this.device.do("battery_pct", Number($("cell").value));
    };
    $("break").onclick = () => {
      this.device.do("inject", $("fault").value);
      this.broken.push($("fault").value);
    };
    $("speed").onchange = () => (this.device.speed = Number($("speed").value));
    $("lift").onclick = () => {
      this.face.lifted = !this.face.lifted;
      this.shorted = false;
      this.touch();
    };
    $("touch-short").onclick = () => {
      this.shorted = !this.shorted;
      $("touch-short").setAttribute("aria-pressed", String(this.shorted));
      this.touch();
    };
    $("guide").onchange = () => {
      if (!$("guide").checked) this.face.lifted = true;
      this.touch();
    };
    $("again").onclick = () => {
      if ($("forget").checked) localStorage.removeItem("tonus.data");
      this.start();
    };
  }

  #buttons() {
    for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-button]"))) {
      const button = element.dataset.button;
      element.addEventListener("pointerdown", (event) => {
        element.setPointerCapture(event.pointerId);
        this.hold(button);
      });
      for (const kind of ["pointerup", "pointercancel"]) element.addEventListener(kind, () => this.release(button));
      element.addEventListener("contextmenu", (event) => event.preventDefault());
      element.addEventListener("keydown", (event) => {
        if (event.key !== " " && event.key !== "Enter") return;
        event.preventDefault();
        this.hold(button);
      });
      element.addEventListener("keyup", (event) => {
        if (event.key === " " || event.key === "Enter") this.release(button);
      });
      // What assistive technology does: a click without a pointer or a key.
      element.addEventListener("click", (event) => {
        if (event.detail === 0 && !this.down.has(button)) {
          this.hold(button);
          this.release(button);
        }
      });
      element.addEventListener("blur", () => this.release(button));
    }
    /** @param {any} event */
    const typing = (event) => /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox";
    addEventListener("keydown", (event) => {
      if ($("try").hidden || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
      if (KEYS[event.key] && !event.repeat) this.hold(KEYS[event.key]);
    });
    addEventListener("keyup", (event) => {
      if (KEYS[event.key]) this.release(KEYS[event.key]);
    });
  }
}

/** A list of terms; what has not changed is left alone. */
export function fill(list, rows) {
  rows.forEach(([term, text], i) => {
    let dt = list.children[2 * i];
    if (!dt) {
      dt = document.createElement("dt");
      list.append(dt, document.createElement("dd"));
    }
    if (dt.textContent !== term) dt.textContent = term;
    const dd = dt.nextElementSibling;
    if (dd.textContent !== String(text)) dd.textContent = String(text);
  });
  while (list.children.length > 2 * rows.length) list.lastElementChild.remove();
}
