// Wires the parts of the page.

import { Device } from "./device.js";
import { $ } from "./dom.js";
import { Desk } from "./words.js";
import { TryIt } from "./try.js";
import { Yours } from "./yours.js";

const READ = "tonus.read"; // the contraindications, on this computer

const pack = await (await fetch("./pack.json")).json();
const desk = new Desk(pack);
let tryIt = null;

function device() {
  tryIt ??= new TryIt(() => new Device(pack), desk, pack);
  return tryIt.device;
}

function remembered() {
  try {
    return localStorage.getItem(READ) === "yes";
  } catch {
    return false;
  }
}

function show() {
  const yours = location.hash === "#yours";
  const read = remembered() || tryIt !== null;
  $("yours").hidden = !yours;
  $("before").hidden = yours || read;
  $("try").hidden = yours || !read;
  $("to-try").toggleAttribute("aria-current", !yours);
  $("to-yours").toggleAttribute("aria-current", yours);
  if (!yours && read) device();
}

$("begin").addEventListener("click", () => {
  try {
    localStorage.setItem(READ, "yes");
  } catch {
    // asked again the next time
  }
  device();
  show();
  $("try-title").scrollIntoView();
  $("mode").focus();
});
$("begin").disabled = false;
addEventListener("hashchange", show);
show();
new Yours(desk, device, pack.what_to_do);
if ("serviceWorker" in navigator) navigator.serviceWorker.register("./sw.js").catch(() => {});
document.documentElement.dataset.ready = "yes";
