// The beeper and the vibration motor.

const LOUDNESS = 0.06;

export class Sound {
  constructor() {
    this.context = /** @type {AudioContext | null} */ (null);
    this.hz = 0;
    this.haptic = false;
  }

  /** What sounds from here on: Hz, 0 for silence, and whether the motor runs. */
  play(hz, haptic) {
    if (hz !== this.hz) this.#tone(hz);
    if (haptic !== this.haptic) {
      this.haptic = haptic;
      navigator.vibrate?.(haptic ? 400 : 0);
    }
  }

  #tone(hz) {
    this.hz = hz;
    if (!hz && !this.context) return;
    if (!navigator.userActivation?.hasBeenActive) return; // a browser makes no sound before a person has done something
    if (!this.context) {
      this.context = new AudioContext();
      this.oscillator = new OscillatorNode(this.context, { type: "square" });
      this.gain = new GainNode(this.context, { gain: 0 });
      this.oscillator.connect(this.gain).connect(this.context.destination);
      this.oscillator.start();
    }
    const now = this.context.currentTime;
    if (hz) this.oscillator.frequency.setValueAtTime(hz, now);
    this.gain.gain.setTargetAtTime(hz ? LOUDNESS : 0, now, 0.004);
  }
}
