// A second MicroPython, in a thread of its own: the firmware's checks and tonusctl's words, for the page.
// In: {start: pack}, {n, name, args}. Out: {n, value} or {n, problem, path}.

import { interpreter } from "./interpreter.js";

let desk = null;

onmessage = async ({ data }) => {
  if (data.start) {
    try {
      const { python } = await interpreter(data.start, "desk");
      python.runPython("import desk");
      desk = python.pyimport("desk");
      postMessage({ n: 0, ...JSON.parse(desk.call("about", "[]")) });
    } catch (problem) {
      postMessage({ n: 0, problem: String(problem.message || problem) });
    }
    return;
  }
  postMessage({ n: data.n, ...JSON.parse(desk.call(data.name, JSON.stringify(data.args))) });
};
