// The desk: the firmware's checks and tonusctl's words, asked from a thread of its own; and the words of states.

export class Refused extends Error {
  constructor(problem, path) {
    super(problem);
    this.path = path;
  }
}

export class Desk {
  constructor(pack) {
    this.n = 0;
    this.asked = new Map();
    this.worker = new Worker(new URL("./desk.js", import.meta.url), { type: "module" });
    /** Tables: see `about` in desk.py. */
    this.about = new Promise((resolve, reject) => this.asked.set(0, { resolve, reject }));
    this.worker.onmessage = ({ data }) => {
      const asked = this.asked.get(data.n);
      this.asked.delete(data.n);
      if (data.problem !== undefined) asked.reject(new Refused(data.problem, data.path ?? ""));
      else asked.resolve(data.value);
    };
    this.worker.postMessage({ start: pack });
  }

  /** A function of desk.py. Refused when the firmware refuses. */
  ask(name, ...args) {
    return new Promise((resolve, reject) => {
      this.n += 1;
      this.asked.set(this.n, { resolve, reject });
      this.worker.postMessage({ n: this.n, name, args });
    });
  }
}

/** What a zone of a preset is called. */
export function zoneName(zone) {
  return zone.name ?? [zone.region, zone.side].filter(Boolean).join(" ");
}

// What a person can do in each state; one that is not here is told by its name.
const STATES = {
  OFF: "It is off. Hold MODE to switch it on.",
  SELF_TEST: "It tests itself.",
  STANDBY: "It is ready. MODE chooses a preset; PLUS starts at level 1.",
  ARMED: "It waits for skin: put both electrodes on the face.",
  RAMP_UP: "The current rises from zero.",
  TREAT: "It treats. Glide slowly; PLUS and MINUS change the level, MODE stops.",
  PAUSED: "It pauses: the electrodes are off the skin. Put them back, and it goes on.",
  RAMP_DOWN: "The current falls to zero.",
  DONE: "It is done.",
  CHARGING: "The cable is in: it charges, and treats nobody.",
  LOW_BATTERY: "The cell is nearly empty: plug the cable in.",
  FAULT: "A fault: the output is off until its power goes.",
  SAFE_MODE: "Safe mode: no output, and only MicroPython's prompt on the cable. Switch it off by holding MODE.",
};

export function stateWords(view, about, whatToDo = {}) {
  if (!view.powered) return STATES.OFF;
  const what = STATES[view.state] ?? `State ${view.state}.`;
  const parts = [what];
  if (view.state === "FAULT" && view.fault) {
    parts.push(`Fault ${view.fault.n}, ${view.fault.name}: ${about?.faults?.[view.fault.n] ?? "see the manual"}. Reading: ${view.fault.value}. What to do: ${whatToDo[view.fault.n] ?? "see the manual"}.`);
  }
  if (view.preset && view.state === "STANDBY") parts.push(`Preset: ${view.preset.name}.`);
  if (view.treating && view.zoneNow) parts.push(`Zone ${view.zone} of ${view.preset.zones.length}: ${view.zoneNow[0]}.`);
  if (view.treating || view.state === "ARMED" || view.state === "PAUSED") parts.push(`Level ${view.level}.`);
  if (view.treating && view.contact === "poor") parts.push("Contact is poor: add gel.");
  if (view.treating && view.contact === "short") parts.push("The electrodes touch each other: that does not count.");
  if (view.session && (view.state === "DONE" || view.state === "STANDBY")) {
    const s = view.session;
    parts.push(`The session: ${Math.round(s.treated_ms / 1000)} s treated, ${s.share_pct ?? "-"} % of what was set delivered; it ended by ${s.why}: ${about?.events?.[s.why] ?? ""}.`);
  }
  return parts.join(" ");
}
