// The handheld: its lights as they are, in a picture and in words.

import { draw } from "./svg.js";

const BAR = ["LEVEL_1", "LEVEL_2", "LEVEL_3", "LEVEL_4", "LEVEL_5"];
const MODES = ["MODE_1", "MODE_2", "MODE_3", "MODE_4"];

export class Handheld {
  constructor(svg, words) {
    this.words = words;
    this.lamps = new Map();
    svg.append(
      draw("circle", { cx: 66, cy: 44, r: 34, fill: "#b9c3cc" }),
      draw("circle", { cx: 134, cy: 44, r: 34, fill: "#b9c3cc" }),
      draw("rect", { x: 40, y: 66, width: 120, height: 256, rx: 54, style: "fill:var(--dark)" }),
    );
    const text = (x, y, label) => svg.append(draw("text", { x, y, "font-size": 10, "text-anchor": "middle", fill: "#fff" }, label));
    BAR.forEach((role, i) => this.#lamp(svg, role, draw("rect", { x: 56 + 18 * i, y: 218 - 8 * i, width: 14, height: 24 + 8 * i, rx: 3 })));
    MODES.forEach((role, i) => this.#lamp(svg, role, draw("circle", { cx: 64 + 24 * i, cy: 144, r: 7 })));
    this.#lamp(svg, "CONTACT", draw("circle", { cx: 100, cy: 108, r: 8 }));
    text(100, 94, "contact");
    text(100, 165, "mode");
    text(100, 258, "level");
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
