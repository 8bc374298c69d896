import { readFile } from "node:fs/promises";
import { composeServiceSchema, parseWire, splitCompose, wireApps } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { targetFromWire } from "../target/from-wire.ts";
import { desiredOf, wireOf } from "../testing/fixtures.ts";
import {
  features,
  LABEL_HEALTH_RESTART,
  LABEL_HEALTH_WINDOW,
  LABEL_LOCK_SCOPE,
  LABEL_REQUIRES_REBOOT,
} from "./labels.ts";

const docs = new URL("../../../../docs/", import.meta.url);
const text = await readFile(new URL("compose.md", docs), "utf8");

type Row = { readonly names: readonly string[]; readonly cells: readonly string[] };

/** The rows of the table whose head begins with a word. */
function tableOf(head: string): Row[] {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  const rows = lines.slice(start + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith("|")),
    )
    .map((line) => {
      const cells = line.split("|").slice(1, -1);
      return { names: [...(cells[0] ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name), cells };
    });
}

const namesOf = (rows: readonly Row[]): string[] => rows.flatMap(({ names }) => names).sort();

describe("docs/compose.md", () => {
  it("lists the fields that are accepted, no more and no less", () => {
    const accepted = [...Object.keys(composeServiceSchema.shape), "image", "environment", "labels", "running"];
    expect(namesOf(tableOf("field"))).toEqual(accepted.sort());
  });

  it("lists as ignored only what is ignored", () => {
    const listed = namesOf(tableOf("ignored field"));
    expect(listed.length).toBeGreaterThan(15);
    expect(splitCompose(Object.fromEntries(listed.map((name) => [name, {}]))).ignored).toEqual(listed);
  });

  it("says of each ignored field what is to be done instead, and a warning names it", () => {
    const rows = tableOf("ignored field");
    expect(rows.filter(({ cells }) => (cells.at(-1) ?? "").trim() === "")).toEqual([]);
    for (const name of namesOf(rows)) {
      const wire = wireOf({ services: { web: { composition: { [name]: "x" } } } });
      const { warnings } = targetFromWire(parseWire(wireApps, wire, "test"));
      expect(warnings).toEqual([`web: Ignoring unsupported or unknown compose fields: ${name}`]);
    }
  });

  it("lists no field twice, and each of the contract's", () => {
    const names = namesOf(tableOf("field"));
    expect(new Set(names).size).toBe(names.length);
    // compat 4.6, word by word.
    const contract = `cap_add cap_drop command cgroup_parent devices dns dns_opt dns_search tmpfs entrypoint environment
      extra_hosts group_add healthcheck image init labels running network_mode networks pid pids_limit ports security_opt
      stop_grace_period stop_signal storage_opt sysctls ulimits userns_mode volumes restart cpu_shares cpu_quota cpus cpuset
      domainname hostname ipc mac_address mem_limit mem_reservation oom_kill_disable oom_score_adj privileged read_only
      shm_size user working_dir tty depends_on`;
    expect(names).toEqual(contract.split(/\s+/).sort());
  });

  it("lists the labels that have an effect", () => {
    const known = [
      ...features.map((feature) => `io.balena.features.${feature}`),
      "io.balena.update.strategy",
      "io.balena.update.handover-timeout",
      LABEL_REQUIRES_REBOOT,
      LABEL_HEALTH_RESTART,
      LABEL_HEALTH_WINDOW,
      LABEL_LOCK_SCOPE,
    ];
    expect(namesOf(tableOf("label"))).toEqual(known.sort());
  });

  it("lists the variables that every service gets", () => {
    const variables = desiredOf(wireOf({ services: { web: {} } })).apps[0]?.services[0]?.body.Env ?? [];
    const bare = variables.map((entry) => (entry.split("=")[0] ?? "").replace(/^(BALENA|RESIN)_/, ""));
    const listed = tableOf("variable").flatMap(({ names }) => names.filter((name) => !name.endsWith("_")));
    expect(listed.sort()).toEqual([...new Set(bare)].sort());
  });

  it("names a test for each line, and that test names what it is for", async () => {
    for (const { names, cells } of ["field", "label", "variable"].flatMap(tableOf)) {
      const file = /\(([^)]+)\)/.exec(cells.at(-1) ?? "")?.[1] ?? "";
      const test = await readFile(new URL(file, docs), "utf8");
      for (const name of names) {
        const word = name.replace(/^io\.balena\.(features|update)\./, "");
        expect([file, name, test.includes(word)]).toEqual([file, name, true]);
      }
    }
  });
});
