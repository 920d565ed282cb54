// The handheld: its lights as they are, in a picture and in words.

import { draw } from "./svg.js";

const BAR = ["LEVEL_1", "LEVEL_2", "LEVEL_3", "LEVEL_4", "LEVEL_5"];
const MODES = ["MODE_1", "MODE_2", "MODE_3", "MODE_4"];

export class Handheld {
  /** @param {any} drawn of pack.json: what the guide's drawing is made of, too */
  constructor(svg, words, drawn) {
    this.words = words;
    this.lamps = new Map();
    svg.append(
      ...drawn.electrodes.map(([cx, cy, r]) => draw("circle", { cx, cy, r, fill: "#b9c3cc" })),
      draw("rect", { ...drawn.case, style: "fill:var(--dark)" }),
    );
    for (const [role, [tag, where]] of Object.entries(drawn.lamps)) this.#lamp(svg, role, draw(tag, where));
    for (const [label, [x, y]] of Object.entries(drawn.labels)) svg.append(draw("text", { x, y, "font-size": 10, "text-anchor": "middle", fill: "#fff" }, label));
    this.buzz = draw("text", { x: 100, y: 296, "font-size": 18, "text-anchor": "middle", fill: "#fff" }, "");
    svg.append(this.buzz);
    this.shown = "";
  }

  #lamp(svg, role, shape) {
    shape.setAttribute("style", "fill:var(--lit)");
    const dark = shape.cloneNode();
    dark.setAttribute("style", "fill:var(--lamp)");
    dark.setAttribute("stroke", "#8b97a2");
    svg.append(dark, shape);
    this.lamps.set(role, shape);
  }

  draw(view) {
    for (const [role, shape] of this.lamps) {
      const permille = view.leds[role] ?? 0;
      shape.setAttribute("opacity", permille ? String(0.35 + 0.65 * Math.min(1, permille / 600)) : "0");
    }
    this.buzz.textContent = `${view.recent(view.beepMs) ? "♪" : ""}${view.recent(view.buzzMs) ? " ≋" : ""}`;
    const lit = (roles) => roles.filter((role) => view.leds[role]).map((role) => role.at(-1));
    const [modes, bar] = [lit(MODES), lit(BAR)];
    const words = `Lights: mode ${modes.join(", ") || "none"}; level ${bar.length} of 5; contact ${view.leds.CONTACT ? "lit" : "dark"}.`;
    if (words !== this.shown) this.words.textContent = this.shown = words;
  }
}
