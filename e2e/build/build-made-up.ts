import { join } from "node:path";
import { silentProgress } from "@holdfast/contracts";
import {
  buildDisk,
  buildSlot,
  findMirror,
  parseVariant,
  publishImage,
  toolsTree,
  type Workshop,
} from "@holdfast/image";
import { describeError } from "../../packages/cli/src/output/describe-error.ts";
import { repositoryRoot } from "../../packages/cli/src/repository-root.ts";
import { type BuildReport, buildRequestSchema } from "./build-request.ts";

// Run by the tests as a process of its own: in a world without network, with a full disk, or to be interrupted.
const request = buildRequestSchema.parse(JSON.parse(process.argv[2] ?? ""));
const { osDir, cache, board, locked, strict } = request;
const stop = new AbortController();
process.once("SIGINT", () => stop.abort(new Error("interrupted")));
const report = (value: BuildReport): boolean => process.stdout.write(JSON.stringify(value));
try {
  const mirror = await findMirror(process.env);
  const workshop: Workshop = {
    ...{ repository: repositoryRoot, osDir, cache, mirror, env: process.env, progress: silentProgress },
    tools: await toolsTree({ cache, mirror }),
    signal: stop.signal,
  };
  const programs = {
    host: new Map<string, Uint8Array>(),
    supervisor: { files: {}, version: "0.0.0", start: { environment: {}, flags: [] } },
  };
  const options = { board, version: "1.0.0", epoch: 1_700_000_000, programs, compression: "none" } as const;
  const slot = await buildSlot({ ...options, locked, strict }, workshop);
  if (request.out !== undefined) {
    const variant = parseVariant("development");
    const disk = await buildDisk({ slot, variant, out: join(cache, "disk") }, workshop);
    await publishImage({ slot, variant, disk, out: request.out, level: 1 }, workshop);
  }
  const versions = slot.lock.packages.map(({ name, version }) => `${name} ${version}`);
  report({ folder: slot.folder, rootHash: slot.facts.slot.rootHash, notes: [...slot.notes], versions });
} catch (thrown) {
  const described = describeError(thrown, stop.signal.aborted);
  report({ error: described.text });
  process.exitCode = 1;
}
