// MicroPython with the device on it. What the page calls in Python takes and gives JSON text.

import { loadMicroPython } from "./micropython.mjs";

/**
 * @param {{target: Object<string, string>, firmware: Object<string, string | null>}} pack
 * @param {string} [url] of the interpreter, where it is not beside this file
 */
export async function interpreter(pack, url) {
  const said = /** @type {string[]} */ ([]);
  const python = await loadMicroPython({ url, heapsize: 2 << 20, linebuffer: true, stdout: (line) => said.push(line) });
  const write = (folder, files) => {
    for (const [path, text] of Object.entries(files)) {
      if (text === null) python.FS.mkdirTree(`${folder}/${path}`);
      else python.FS.writeFile(`${folder}/${path}`, text);
    }
  };
  python.FS.mkdir("/target");
  python.FS.mkdir("/firmware");
  write("/target", pack.target);
  write("/firmware", pack.firmware);
  python.runPython("import sys; sys.path[:] = ['/target', '/firmware', '.frozen']");
  return { python, said };
}
