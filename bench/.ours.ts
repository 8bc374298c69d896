import { openWorkshop } from "@holdfast/cli";
import { silentProgress } from "@holdfast/contracts";
import { measureOurs } from "./image/ours/measure-ours.ts";

const signal = new AbortController().signal;
const progress = {
  start: (t: string) => {
    const s = Date.now();
    console.log(t);
    return {
      update() {},
      end() {
        console.log(t, (Date.now() - s) / 1000);
      },
    };
  },
};
const w = await openWorkshop({ progress: silentProgress, signal });
console.log(JSON.stringify(await measureOurs("generic-amd64", { ...w, progress }, signal), null, 1));
