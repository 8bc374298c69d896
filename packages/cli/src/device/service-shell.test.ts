import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { NO_SUCH_SERVICE, serviceShell } from "./service-shell.ts";

let bin = "";
/** Lists two containers, and runs what should run in one of them right here. */
const ENGINE = `#!/bin/sh
if [ "$1" = ps ]; then printf 'webx_1_1_abc\\nweb_12_3_abc\\nbalena_supervisor\\n'; exit; fi
shift
while [ "\${1#-}" != "$1" ]; do echo "flag $1"; shift; done
echo "in $1"
shift
exec "$@"
`;

beforeAll(() => {
  bin = mkdtempSync(path.join(tmpdir(), "holdfast-shell-"));
  writeFileSync(path.join(bin, "docker"), ENGINE);
  chmodSync(path.join(bin, "docker"), 0o755);
});
afterAll(() => rmSync(bin, { recursive: true }));

const run = (line: string) => {
  const options = { encoding: "utf8", env: { PATH: `${bin}:/usr/bin:/bin` } } as const;
  const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", line], options);
  return { status, stdout, stderr };
};

it("runs a command in the service's own container, word for word, with its status", () => {
  const { status, stdout } = run(serviceShell("web", `echo "it's" '$HOME'; exit 7`, false));
  expect(stdout).toBe("flag -i\nin web_12_3_abc\nit's $HOME\n");
  expect(status).toBe(7);
});

it("asks for a terminal when there is one", () => {
  expect(run(serviceShell("web", "true", true)).stdout).toBe("flag -i\nflag -t\nin web_12_3_abc\n");
});

it("says which containers run when the service does not", () => {
  for (const service of ["we", "w.b", "balena_supervisor"]) {
    const { status, stderr } = run(serviceShell(service, undefined, false));
    expect(status).toBe(NO_SUCH_SERVICE);
    expect(stderr).toContain("web_12_3_abc");
  }
});

it("gives a shell nothing to interpret in a service's name", () => {
  expect(run(serviceShell("a'; echo broken; '", undefined, false)).stdout).not.toMatch(/^broken/m);
  expect(execFileSync("/bin/sh", ["-n", "-c", serviceShell("a'b", "x", true)]).toString()).toBe("");
});
