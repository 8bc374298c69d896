import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { bundlePrograms, openWorkshop, release } from "@holdfast/cli";
import { silentProgress } from "@holdfast/contracts";
import {
  buildDisk,
  buildSlot,
  fetchBoardPackages,
  imageName,
  parseVariant,
  readBoard,
  supervisorArchive,
} from "@holdfast/image";
import { type Built, type Job, jobSchema } from "./job.ts";

// A process of its own, so that the CPU time of one build can be told from everything else that a benchmark does. Reads
// its job from the command line and prints what it made.
const job = jobSchema.parse(JSON.parse(process.argv[2] ?? ""));
process.stdout.write(JSON.stringify(await build(job)));

async function build({ board, osDir, out, part, compression }: Job): Promise<Built> {
  const context = { progress: silentProgress, signal: new AbortController().signal };
  const workshop = { ...(await openWorkshop(context)), osDir };
  const { version, epoch } = await release(undefined, process.env);
  const programs = await bundlePrograms(version);
  if (part === "supervisor-archive") {
    const resolved = await readBoard(osDir, board);
    const { lock } = await fetchBoardPackages(resolved, workshop, false);
    const tree = await supervisorArchive(resolved.board, lock, { programs, epoch, compression }, workshop);
    const sizes = [...tree.values()].flatMap((entry) => (entry.type === "file" ? [entry.content] : []));
    const bytes = sizes.reduce((sum, content) => sum + ("size" in content ? content.size : content.bytes.length), 0);
    return { archive: bytes };
  }
  const slot = await buildSlot({ board, version, epoch, programs, compression }, workshop);
  const sizes = { slot: slot.facts.slot.size, initrd: slot.facts.initrd.size, uki: slot.facts.ukiBytes };
  if (part === "slot") return { sizes: { ...sizes, image: 0 } };
  await rm(out, { recursive: true, force: true });
  const variant = parseVariant("production");
  await buildDisk({ slot, variant, out }, workshop);
  const image = await stat(join(out, `${imageName(slot, variant)}.img`));
  return { sizes: { ...sizes, image: image.blocks * 512 } };
}
