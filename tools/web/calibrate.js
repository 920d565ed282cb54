// The calibration, step by step. What is made of the readings is tonusctl's own, in desk.py.

import { $ } from "./dom.js";

const CODES = "DAC code";

export class Calibration {
  /** @param {any} desk @param {() => any} link the Link that is open, or null @param {() => Promise<void>} changed */
  constructor(desk, link, changed) {
    this.desk = desk;
    this.link = link;
    this.changed = changed;
    this.steps = /** @type {[number, number][]} */ ([]);
    this.readings = /** @type {any[]} */ ([]);
    $("calibrate").onclick = () => this.#guarded(() => this.#begin());
    $("uncalibrate").onclick = () => this.#guarded(() => this.#reset());
    $("hold-again").onclick = () => this.#guarded(() => this.#hold());
    $("meter-form").onsubmit = (event) => {
      event.preventDefault();
      this.#guarded(() => this.#next());
    };
  }

  /** Whether a device is connected has changed. */
  show() {
    const there = this.link() !== null;
    $("calibrate").disabled = $("uncalibrate").disabled = !there;
    $("meter-form").hidden = true;
    $("calibration-words").textContent = there ? "Ready." : "Connect a device first.";
  }

  async #guarded(work) {
    try {
      await work();
    } catch (problem) {
      $("calibration-words").textContent = problem.message;
    }
  }

  async #begin() {
    this.steps = await this.desk.ask("to_hold");
    this.readings = [];
    await this.#hold();
    $("meter-form").hidden = false;
  }

  async #hold() {
    const [ua, code] = this.steps[this.readings.length];
    $("calibration-words").textContent = `Holding ${ua} uA ...`;
    this.held = await this.link().ask("calibration.hold", { code });
    $("calibration-words").textContent =
      `Step ${this.readings.length + 1} of ${this.steps.length}: ${ua} uA (${CODES} ${code}) is held for 30 s. What does the meter say?`;
    $("meter").value = "";
    $("meter").focus();
  }

  async #next() {
    const [ua] = this.steps[this.readings.length];
    const mv = await this.desk.ask("meter", ua, $("meter").value.replace(",", "."));
    this.readings.push([ua, this.held, mv]);
    if (this.readings.length < this.steps.length) {
      await this.#hold();
      return;
    }
    $("meter-form").hidden = true;
    await this.link().ask("calibration.release");
    const values = await this.desk.ask("calibration", this.readings);
    await this.link().ask("calibration.write", values);
    await this.changed();
    const told = Object.entries(values).map(([name, value]) => `${name} ${value}`);
    $("calibration-words").textContent = `The device is calibrated, and keeps it: ${told.join(", ")}.`;
  }

  async #reset() {
    await this.link().ask("calibration.reset");
    await this.changed();
    $("calibration-words").textContent = "Its calibration is forgotten: nominal values are in force.";
  }
}
