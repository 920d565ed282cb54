// The device's own thread. It runs MicroPython in slices that end when the page says so, and keeps pace with a clock.
//
// In: {start: {config, pack, data}}, {do: [[action, value], ...]}, {send: bytes as text}, {speed}, {call: {n, name, args}}.
// Out: {ready}, {trace: text, now_ms, late, backlog, memory}, {ended: problem}, {reply: {n, value | problem}}.

import { interpreter } from "./interpreter.js";

const SLICE_MS = 40; // of virtual time: the interpreter collects garbage only between slices
const TURN_MS = 24; // of life, after which the page is told
const HOST_BYTES = 512; // on their way to the device; more wait here, as at a real port
const LAG_MS = 500; // what is lost when the computer is too slow
const PRESS_MS = 70; // of virtual time that a button stays as it is, however late its moves come here: a finger's

let page = null;
let memory = () => 0; // bytes that the interpreter has
let speed = 1;
const orders = [];
let outbox = "";
let waiting = 0;
let nowMs = 0;
let zeroMs = 0; // life's time at which virtual time is 0, at this speed
let firmware = {};
const movedMs = {}; // of each button

function pace(factor) {
  speed = factor;
  zeroMs = performance.now() - (speed ? nowMs / speed : 0);
}

/** What may happen now, in order, up to a button that has only just moved. */
function due() {
  for (let i = 0; i < orders.length; i++) {
    const [action, button] = orders[i];
    if (action !== "hold" && action !== "release") continue;
    if (nowMs < (movedMs[button] ?? -PRESS_MS) + PRESS_MS) return orders.splice(0, i);
    movedMs[button] = nowMs;
  }
  return orders.splice(0);
}

function slice(untilMs) {
  if (outbox && waiting < HOST_BYTES) {
    const piece = outbox.slice(0, HOST_BYTES - waiting);
    outbox = outbox.slice(piece.length);
    orders.push(["send", piece]);
  }
  const text = page.step(JSON.stringify({ until_ms: untilMs, do: due() }));
  const at = text.lastIndexOf("\n");
  const state = JSON.parse(text.slice(at + 1));
  nowMs = state.now_ms;
  waiting = state.waiting;
  return { text: at < 0 ? "" : text.slice(0, at), ended: state.ended };
}

function turn() {
  const began = performance.now();
  const parts = [];
  let late = false;
  try {
    while (performance.now() - began < TURN_MS) {
      const target = speed ? Math.floor((performance.now() - zeroMs) * speed) : nowMs;
      if (target - nowMs > LAG_MS * Math.max(1, speed)) {
        late = true;
        zeroMs += (target - nowMs - SLICE_MS) / speed;
      }
      if (target <= nowMs && !(orders.length || outbox)) break;
      const got = slice(Math.min(Math.max(target, nowMs), nowMs + SLICE_MS));
      if (got.text) parts.push(got.text);
      if (target <= nowMs) break;
    }
  } catch (problem) {
    postMessage({ trace: parts.join("\n"), now_ms: nowMs, late, backlog: outbox.length + waiting });
    postMessage({ ended: String(problem.message || problem) });
    return;
  }
  postMessage({ trace: parts.join("\n"), now_ms: nowMs, late, backlog: outbox.length + waiting, memory: memory() });
  setTimeout(turn, 8);
}

onmessage = async ({ data }) => {
  if (data.start) {
    try {
      const { config, pack, kept } = data.start;
      const { python } = await interpreter(pack, "target");
      python.runPython("import page");
      page = python.pyimport("page");
      memory = () => python._module.HEAPU8.length;
      firmware = { ...pack.firmware };
      if (Object.keys(kept).length) Object.assign(firmware, { data: null }, kept);
      const text = page.start(JSON.stringify(config), JSON.stringify(firmware));
      postMessage({ ready: true, trace: text, now_ms: 0, backlog: 0 });
      pace(data.start.speed ?? 1);
      turn();
    } catch (problem) {
      postMessage({ ended: String(problem.message || problem) });
    }
  } else if (data.do) {
    orders.push(...data.do);
    if (data.do.some(([action, value]) => action === "usb" && !value)) outbox = "";
  } else if (data.send !== undefined) outbox += data.send;
  else if (data.speed !== undefined) pace(data.speed);
  else if (data.keep) postMessage({ kept: JSON.parse(page.data()) });
};
