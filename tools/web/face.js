// A face as in a mirror, and two electrodes on it.

import { draw } from "./svg.js";

// Middle of each region on the side that is at the left; a zone is found by the words in its name.
const REGIONS = {
  forehead: [112, 92], brow: [108, 140], temple: [86, 140], eye: [104, 198], cheek: [100, 225], nose: [134, 205], mouth: [126, 278], chin: [136, 322], jaw: [104, 298],
  neck: [110, 372],
};
const SPAN = 16; // between the electrodes and their middle
const STROKE_MS = 3000; // a stroke of a guided hand: slow, upward and outward
const STROKE = 22;
const STEP = 8; // of an arrow key
const EYES = [[112, 172], [188, 172]];

function region(zone) {
  const name = zone.toLowerCase();
  const found = Object.keys(REGIONS).find((key) => name.includes(key)) ?? "cheek";
  const [x, y] = REGIONS[found];
  if (name.includes("right")) return [300 - x, y, 1];
  return name.includes("middle") ? [150, y, 0] : [x, y, -1];
}

export class Face {
  constructor(svg, moved) {
    this.moved = moved;
    this.x = 150;
    this.y = 368;
    this.lifted = true;
    this.said = "";
    this.zone = draw("ellipse", { rx: 40, ry: 30, fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-dasharray": "5 5", visibility: "hidden" });
    const dark = { fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linecap": "round" };
    svg.append(
      draw("path", { d: "M150 26 C82 26 54 84 56 160 C57 205 62 250 84 292 C104 330 128 352 150 352 C172 352 196 330 216 292 C238 250 243 205 244 160 C246 84 218 26 150 26 Z", style: "fill:var(--skin)", stroke: "currentColor", "stroke-width": 2 }),
      draw("path", { d: "M90 150 q22 -12 44 -2 M166 148 q22 -10 44 2", ...dark, "stroke-width": 4 }),
      ...EYES.map(([cx, cy]) => draw("ellipse", { cx, cy, rx: 18, ry: 9, ...dark })),
      ...EYES.map(([cx, cy]) => draw("circle", { cx, cy, r: 4, fill: "currentColor" })),
      draw("path", { d: "M150 178 q-10 40 -14 46 q14 8 28 0", ...dark }),
      draw("path", { d: "M122 276 q28 -14 56 0 q-28 18 -56 0", ...dark }),
      this.zone,
    );
    this.hand = draw("g", {},
      draw("rect", { x: -12, y: 6, width: 24, height: 56, rx: 11, style: "fill:var(--dark)", stroke: "currentColor" }),
      draw("circle", { cx: -SPAN, r: 13, fill: "#c9d2da", stroke: "#39424b", "stroke-width": 2 }),
      draw("circle", { cx: SPAN, r: 13, fill: "#c9d2da", stroke: "#39424b", "stroke-width": 2 }),
    );
    svg.append(this.hand);
    this.#hands(svg);
    this.place();
  }

  /** Whether both electrodes are on skin: on the face, not over an eye. */
  get onSkin() {
    if (this.lifted) return false;
    return [-SPAN, SPAN].every((dx) => {
      const [x, y] = [this.x + dx, this.y];
      const inside = ((x - 150) / 90) ** 2 + ((y - 190) / 164) ** 2 < 1;
      return inside && EYES.every(([ex, ey]) => ((x - ex) / 24) ** 2 + ((y - ey) / 15) ** 2 > 1);
    });
  }

  guide(on, zone, ms) {
    this.lifted = !on;
    const [x, y, outward] = region(zone);
    const part = Math.min(1, (ms % STROKE_MS) / (STROKE_MS * 0.75)); // and a hold at its end
    this.x = x + outward * STROKE * (part - 0.5);
    this.y = y - STROKE * (part - 0.5);
    if (!on) [this.x, this.y] = [150, 368];
    this.place();
  }

  draw(view) {
    const zone = view.zoneNow ?? (view.state === "ARMED" ? view.preset?.zones[0] : null);
    this.zone.setAttribute("visibility", zone ? "visible" : "hidden");
    if (!zone) return;
    const [cx, cy] = region(zone[0]);
    this.zone.setAttribute("cx", cx);
    this.zone.setAttribute("cy", cy);
  }

  place() {
    this.hand.setAttribute("transform", `translate(${this.x} ${this.y})`);
    this.hand.setAttribute("opacity", this.lifted ? "0.45" : "1");
  }

  #go(x, y) {
    this.x = Math.max(10, Math.min(290, x));
    this.y = Math.max(10, Math.min(380, y));
    this.place();
    this.moved();
  }

  #hands(svg) {
    const at = (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      this.#go(point.x, point.y);
    };
    svg.addEventListener("pointerdown", (event) => {
      svg.setPointerCapture(event.pointerId);
      this.lifted = false;
      at(event);
    });
    svg.addEventListener("pointermove", (event) => {
      if (svg.hasPointerCapture(event.pointerId)) at(event);
    });
    svg.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
      if (steps[event.key]) {
        event.preventDefault();
        const [dx, dy] = steps[event.key];
        this.#go(this.x + dx, this.y + dy);
      } else if (event.key === "l" || event.key === "L") {
        this.lifted = !this.lifted;
        if (!this.lifted && !this.onSkin) [this.x, this.y] = REGIONS.cheek;
        this.#go(this.x, this.y);
      }
    });
  }
}
