// node desk.mjs PAGE < [[name, args], ...] : what the page's checks and words answer, as a list.
import fs from "node:fs";
import { pathToFileURL } from "node:url";

const page = process.argv[2];
const { interpreter } = await import(pathToFileURL(`${page}/interpreter.js`).href);
const { python } = await interpreter(JSON.parse(fs.readFileSync(`${page}/pack.json`, "utf8")), "desk");
python.runPython("import desk");
const desk = python.pyimport("desk");
const calls = JSON.parse(fs.readFileSync(0, "utf8"));
fs.writeSync(1, JSON.stringify(calls.map(([name, args]) => JSON.parse(desk.call(name, JSON.stringify(args))))));
