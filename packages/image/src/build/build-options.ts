import { join } from "node:path";
import type { Progress } from "@holdfast/contracts";
import type { Mirror } from "../apt/index.ts";
import type { NodeStart } from "../oci/supervisor-image.ts";
import type { SecureBootKeys, SlotCompression } from "../pack/index.ts";
import type { ToolsTree } from "../tools/index.ts";

export const variants = ["development", "production"] as const;
export type Variant = (typeof variants)[number];

/** What every building function needs of the machine. */
export type Workshop = {
  /** The repository's root. */
  readonly repository: string;
  /** Folder with boards, layers, locks and ledgers; the repository's `os` unless said otherwise. */
  readonly osDir?: string;
  readonly cache: string;
  readonly mirror: Mirror;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tools: ToolsTree;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
};

/** Where a workshop's boards, layers, locks and ledgers are. Pure. */
export const osDirOf = ({ repository, osDir }: Pick<Workshop, "repository" | "osDir">): string =>
  osDir ?? join(repository, "os");

/** Programs that other packages bundled; the image builder does not know how. */
export type Programs = {
  /** name -> ES module for QuickJS, put at /usr/lib/holdfast/<name>.js. */
  readonly host: ReadonlyMap<string, Uint8Array>;
  readonly supervisor: {
    readonly files: Readonly<Record<string, Uint8Array>>;
    readonly version: string;
    readonly start: NodeStart;
  };
};

export type RootfsOptions = {
  readonly board: string;
  readonly version: string;
  /** Seconds since 1970: the timestamp of everything in the image. */
  readonly epoch: number;
  readonly programs: Programs;
  readonly compression: SlotCompression;
  readonly keys?: SecureBootKeys;
  /** Fail when the lock does not match what the layers ask for or a version vanished, instead of resolving anew. */
  readonly locked?: boolean;
  /** Fail on changed maintainer scripts, too. */
  readonly strict?: boolean;
};
