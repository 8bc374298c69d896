import { openWorkshop } from "@holdfast/cli";
import { silentProgress } from "@holdfast/contracts";
import { debianImage } from "./boot/debian-image.ts";

const signal = new AbortController().signal;
const w = await openWorkshop({ progress: silentProgress, signal });
console.log(await debianImage(w, signal));
