import { startWatch, watchEngine } from "../../engine/watch-engine.ts";
import { main } from "../main.ts";

main((machine, [mainPid]) =>
  mainPid === undefined ? startWatch(machine, "/usr/lib/holdfast/watch-engine.js") : watchEngine(machine, mainPid),
);
