import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool, type ToolsTree } from "@holdfast/image";

/** systemd's judgement of a service: out of ten, less is better; in its words from "perfect" to "dangerous". */
export type Exposure = { readonly figure: number; readonly level: string };

/** The units of a slot, unpacked, and what systemd itself says of them. Goes with its scope. */
export class SlotUnits implements AsyncDisposable {
  readonly #tools: ToolsTree;
  readonly #folder: string;

  private constructor(tools: ToolsTree, folder: string) {
    this.#tools = tools;
    this.#folder = folder;
  }

  static async unpack(tools: ToolsTree, slot: string): Promise<SlotUnits> {
    const units = new SlotUnits(tools, await mkdtemp(join(tmpdir(), "holdfast-units-")));
    await runTool(tools, ["fsck.erofs", `--extract=${units.#root}`, "--no-preserve-owner", slot]);
    return units;
  }

  get #root(): string {
    return join(this.#folder, "root");
  }

  /** Names of all unit files that packages and layers brought; of those that several instances share, the template. */
  async names(): Promise<readonly string[]> {
    const found = await readdir(join(this.#root, "usr/lib/systemd/system"));
    return found.filter((name) => /\.(service|socket|mount|timer|path|target|slice)$/.test(name)).sort();
  }

  async exposureOf(service: string): Promise<Exposure> {
    const options = ["--offline=yes", `--root=${this.#root}`, "--no-pager"];
    const { stdout } = await runTool(this.#tools, ["systemd-analyze", "security", ...options, service]);
    const [, figure, level] = /Overall exposure level for \S+: ([\d.]+) (\w+)/.exec(stdout) ?? [];
    if (figure === undefined || level === undefined)
      throw new Error(`systemd-analyze gives no exposure of ${service}: ${stdout.slice(-500)}`);
    return { figure: Number(figure), level: level.toLowerCase() };
  }

  /** What systemd complains of when it reads these units with all that they pull in; a line for each. */
  async complaints(units: readonly string[]): Promise<readonly string[]> {
    const argv = ["systemd-analyze", "verify", "--man=no", `--root=${this.#root}`, ...units];
    const { stdout } = await runTool(this.#tools, ["sh", "-c", '"$@" 2>&1 || true', "sh", ...argv]);
    return [...new Set(stdout.split("\n").filter((line) => line.trim() !== ""))].sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
