// MicroPython, with the files of a pack. What the page calls in Python takes and gives JSON text.

import { loadMicroPython } from "./micropython.mjs";

/**
 * @param {Object<string, Object<string, string | null>>} pack folders of files, path to text, null for a folder
 * @param {string} folder whose modules come first: "target" is the device, "desk" the checks and words
 */
export async function interpreter(pack, folder) {
  const said = /** @type {string[]} */ ([]);
  const python = await loadMicroPython({ heapsize: 2 << 20, linebuffer: true, stdout: (line) => said.push(line) });
  for (const top of [folder, "firmware"]) {
    python.FS.mkdir(`/${top}`);
    for (const [path, text] of Object.entries(pack[top])) {
      if (text === null) python.FS.mkdirTree(`/${top}/${path}`);
      else python.FS.writeFile(`/${top}/${path}`, text);
    }
  }
  python.runPython(`import sys; sys.path[:] = ["/${folder}", "/firmware", ".frozen"]`);
  return { python, said };
}
