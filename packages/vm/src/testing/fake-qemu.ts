import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";

// Stands in for QEMU in unit tests: answers on the control socket that its command line names, writes down what it is
// told (`<socket>.told`), prints to the console's log, and turns itself off at the power button. `-fail` makes it end at
// once, `-deaf` ignore the button, `-disk-full` fail to save or load a state.
const argv = process.argv.slice(2);
const qmp = argv.map((word) => /^socket,id=qmp,path=([^,]+)/.exec(word)?.[1]).find((path) => path !== undefined);
const log = argv.map((word) => /,logfile=([^,]+)/.exec(word)?.[1]).find((path) => path !== undefined);
if (argv.includes("-fail") || qmp === undefined || log === undefined) {
  process.stderr.write("fake-qemu: no such device\n");
  process.exit(1);
}
const migration = argv.includes("-disk-full")
  ? { status: "failed", "error-desc": "No space left on device" }
  : { status: "completed" };

function answer(line: string): unknown {
  const command = /"execute":"([^"]+)"/.exec(line)?.[1];
  appendFileSync(`${qmp}.told`, `${command}\n`);
  for (const [, file] of line.matchAll(/"(?:snapshot-file|filename)":"([^"]+)"/g)) {
    if (file !== undefined) writeFileSync(file, "made by QEMU", { flag: "a" });
  }
  if (command === "system_powerdown" && !argv.includes("-deaf")) setTimeout(() => process.exit(0), 10);
  return command === "query-migrate" ? migration : {};
}

writeFileSync(log, "login: ", { flag: "a" });
rmSync(qmp, { force: true });
createServer((socket) => {
  socket.on("error", () => {});
  socket.write(`{"QMP":{"version":{"qemu":{"major":10,"minor":0,"micro":13}}}}\n`);
  socket.on("data", (chunk) => {
    for (const line of chunk.toString().trim().split("\n")) {
      socket.write(`{"return":${JSON.stringify(answer(line))},"id":${/"id":(\d+)/.exec(line)?.[1]}}\n`);
    }
  });
}).listen(qmp);
