// The device's settings: a form made of what it answers. What it does not take, it says itself.

import { $ } from "./dom.js";

export class Settings {
  /** @param {any} desk @param {() => any} link the Link that is open, or null @param {(text: string, bad?: boolean) => void} say */
  constructor(desk, link, say) {
    this.desk = desk;
    this.link = link;
    this.say = say;
    this.now = /** @type {any} */ (null);
    $("settings-form").onsubmit = async (event) => {
      event.preventDefault();
      try {
        this.#show(await this.link().ask("settings.write", this.#given()));
        this.say("The device has its settings.");
      } catch (problem) {
        this.say(`${problem.message} No setting was changed.`, true);
      }
    };
  }

  /** Read them; a firmware that has none shows none. */
  async read() {
    const { choices } = await this.desk.about;
    this.choices = choices;
    const known = await this.link().ask("rpc.discover");
    $("settings").hidden = !known.methods.includes("settings.read");
    if (!$("settings").hidden) this.#show(await this.link().ask("settings.read"));
  }

  #show(settings) {
    const { damage, ...now } = settings;
    this.now = now;
    $("settings-words").textContent = damage ? `Those on its flash could not be used: ${damage}.` : "";
    $("settings-fields").replaceChildren(...this.#fields(now, ""));
  }

  #fields(values, path) {
    return Object.entries(values).map(([name, value]) => {
      const at = path ? `${path}.${name}` : name;
      if (value !== null && typeof value === "object") {
        const box = document.createElement("fieldset");
        box.append(Object.assign(document.createElement("legend"), { textContent: name.replaceAll("_", " ") }), ...this.#fields(value, at));
        return box;
      }
      const row = Object.assign(document.createElement("div"), { className: "field" });
      const words = typeof value === "boolean" ? ["true", "false"] : this.choices[name];
      const input = /** @type {any} */ (document.createElement(words ? "select" : "input"));
      if (words) input.append(...words.map((word) => new Option(word === "true" ? "yes" : word === "false" ? "no" : word, word)));
      input.value = value === null ? "" : String(value);
      input.id = `s-${at}`;
      input.dataset.setting = at;
      row.append(Object.assign(document.createElement("label"), { htmlFor: input.id, textContent: name.replaceAll("_", " ") }), input);
      return row;
    });
  }

  /** What the form says, of the kinds that the device has. */
  #given() {
    const read = (values, path) => Object.fromEntries(Object.entries(values).map(([name, value]) => {
      const at = path ? `${path}.${name}` : name;
      if (value !== null && typeof value === "object") return [name, read(value, at)];
      const text = $(`s-${at}`).value.trim();
      if (typeof value === "boolean") return [name, text === "true"];
      if (typeof value === "string") return [name, text];
      return [name, text === "" ? null : Number.isFinite(Number(text)) ? Number(text) : text];
    }));
    return read(this.now, "");
  }
}
