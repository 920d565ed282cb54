// node device.mjs PAGE CONFIG SLICE_MS FILES_OUT? : the page's device through a scenario, its trace on standard output, then
// {"memory_bytes", "wall_s"} on standard error.
import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [, , page, config, sliceMs] = process.argv;
const { interpreter } = await import(pathToFileURL(`${page}/interpreter.js`).href);
const pack = JSON.parse(fs.readFileSync(`${page}/pack.json`, "utf8"));
const { python } = await interpreter(pack, "target");
python.runPython("import page");
const device = python.pyimport("page");
const began = Date.now();
const write = (text) => text && fs.writeSync(1, `${text}\n`);
write(device.start(fs.readFileSync(config, "utf8"), JSON.stringify(pack.firmware)));
for (let ms = 0; ; ) {
  ms += Number(sliceMs);
  const text = device.step(JSON.stringify({ until_ms: ms }));
  const at = text.lastIndexOf("\n");
  write(text.slice(0, Math.max(0, at)));
  if (JSON.parse(text.slice(at + 1)).ended) break;
}
console.error(JSON.stringify({ memory_bytes: python._module.HEAPU8.length, wall_s: (Date.now() - began) / 1000 }));
