// What the device shows and does, kept up to date record by record. The records are those of tools/tonus_tools/sim/TRACE.md.

const RECENT_MS = 500; // how long a cue is shown
const REST_MS = 7000; // how old the last pulse may be while the session treats: two periods of the slowest rate

export class View {
  constructor() {
    this.nowMs = 0;
    this.powered = false;
    this.state = "OFF";
    this.leds = /** @type {Object<string, number>} */ ({});
    this.hz = 0;
    this.haptic = false;
    this.buzzMs = -RECENT_MS;
    this.beepMs = -RECENT_MS;
    this.preset = /** @type {{id: string, name: string, zones: [string, number][]} | null} */ (null);
    this.level = 0;
    this.levelUa = 0;
    this.contact = "open";
    this.ohm = 0;
    this.zone = 0; // from 1
    this.zoneMs = 0; // treated of it
    this.fault = /** @type {{n: number, name: string, value: number} | null} */ (null);
    this.session = /** @type {Object<string, any> | null} */ (null);
    this.log = /** @type {Object<string, any>[]} */ ([]);
    this.pulses = /** @type {[number, number][]} */ ([]); // [ms, uA], signed, the newest last
    this.chargeUc = 0; // forward, of this session
    this.cues = 0;
    this.since = 0; // when treating began to count, ms; -1: it does not
    this.probe = new Set();
  }

  /** A record; true when what a person is told in words has changed. */
  take(record) {
    const [kind, us, ...rest] = record;
    const ms = us / 1000;
    switch (kind) {
      case "led":
        this.leds[rest[0]] = rest[1];
        return false;
      case "beep":
        this.hz = rest[0];
        if (this.hz) this.beepMs = ms;
        return false;
      case "haptic":
        this.haptic = rest[0] === 1;
        if (this.haptic) this.buzzMs = ms;
        return false;
      case "power":
        this.powered = rest[0] === 1;
        if (!this.powered) this.#off();
        return true;
      case "phase": {
        const [dir, dur, code, , endUa, nc] = rest;
        const treats = this.treating && !this.probe.has(`${code} ${dur}`);
        if (!this.treating) this.probe.add(`${code} ${dur}`);
        if (treats) {
          this.pulses.push([ms, dir * endUa]);
          if (this.pulses.length > 400) this.pulses.splice(0, 200);
          if (dir > 0) this.chargeUc += nc / 1000;
        }
        return false;
      }
      case "log":
        return this.#logged(rest[0], ms);
      default:
        return false;
    }
  }

  get treating() {
    return this.state === "RAMP_UP" || this.state === "TREAT" || this.state === "RAMP_DOWN";
  }

  /** The amplitude that flows, uA: of the last pulse, 0 when that is long ago. */
  get currentUa() {
    const last = this.pulses.at(-1);
    return this.treating && last && this.nowMs - last[0] < REST_MS ? Math.abs(last[1]) : 0;
  }

  /** [name, s] of the zone that plays, or null. */
  get zoneNow() {
    return this.preset && this.zone ? (this.preset.zones[this.zone - 1] ?? null) : null;
  }

  /** Seconds of the zone that are left. */
  get zoneLeftS() {
    const zone = this.zoneNow;
    if (!zone) return 0;
    const running = this.since >= 0 && this.contact !== "short" ? this.nowMs - this.since : 0;
    return Math.max(0, zone[1] - (this.zoneMs + running) / 1000);
  }

  recent(ms) {
    return this.nowMs - ms < RECENT_MS;
  }

  #off() {
    this.state = "OFF";
    this.level = this.zone = this.hz = 0;
    this.haptic = false;
    this.preset = this.fault = null;
    this.contact = "open";
    this.pulses = [];
    this.since = -1;
    for (const role of Object.keys(this.leds)) this.leds[role] = 0;
  }

  #logged(line, ms) {
    this.log.push(line);
    if (this.log.length > 500) this.log.splice(0, 250);
    switch (line.e) {
      case "boot":
        this.fault = this.session = null;
        this.state = "SELF_TEST";
        break;
      case "state":
        this.#count(ms);
        this.state = line.to;
        if (line.to === "ARMED" && line.from !== "PAUSED") {
          this.chargeUc = 0;
          this.zone = this.zoneMs = 0;
          this.session = null;
        }
        if (line.to === "RAMP_UP" || line.to === "TREAT") this.since = ms;
        if (line.to === "STANDBY") this.zone = 0;
        break;
      case "mode":
        this.preset = line;
        break;
      case "level":
        this.level = line.level;
        this.levelUa = line.ua;
        break;
      case "zone":
        this.zone = line.n;
        this.zoneMs = 0;
        if (this.since >= 0) this.since = ms;
        break;
      case "contact":
        this.#count(ms);
        if (this.state === "RAMP_UP" || this.state === "TREAT") this.since = ms;
        this.contact = line.class;
        this.ohm = line.ohm;
        break;
      case "cue":
        this.cues += 1;
        break;
      case "fault":
        this.fault = line;
        break;
      case "session":
        this.session = line;
        break;
      case "safe_mode":
        this.state = "SAFE_MODE";
        break;
      default:
        return false;
    }
    return true;
  }

  #count(ms) {
    if (this.since >= 0 && this.contact !== "short") this.zoneMs += ms - this.since;
    this.since = -1;
  }
}
