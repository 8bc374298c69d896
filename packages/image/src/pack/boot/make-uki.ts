import { mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Content } from "../../tree/entry.ts";
import { readContent } from "../../tree/read-content.ts";
import type { ImageTools } from "../image-tools.ts";
import type { SecureBootKeys } from "./sign-loader.ts";

export type UkiOptions = {
  readonly kernel: Content;
  /** As `uname -r` says; ukify would otherwise have to unpack the kernel to learn it. */
  readonly kernelVersion: string;
  /** The finished initrd. */
  readonly initrd: string;
  readonly cmdline: string;
  /** What the loader's menu shows. The only field of `.osrel`: all others would sort the slots. */
  readonly prettyName: string;
  /** systemd's EFI stub for the board's architecture. */
  readonly stub: Content;
  readonly arch: "amd64" | "arm64";
  readonly keys?: SecureBootKeys;
  readonly tools: ImageTools;
  readonly output: string;
  readonly scratch: string;
  readonly signal?: AbortSignal;
};

export type Uki = { readonly file: string; readonly size: number };

const EFI_ARCH = { amd64: "x64", arm64: "aa64" } as const;

/**
 * Joins kernel, initrd and command line to one EFI program. Without keys the same inputs give the same bytes; a
 * signature holds the time it was made. `output` appears only when it is complete.
 */
export async function makeUki(options: UkiOptions): Promise<Uki> {
  const folder = await mkdtemp(join(options.scratch, "uki-"));
  const partial = `${options.output}.partial`;
  const at = (name: string) => join(folder, name);
  try {
    await writeFile(at("linux"), await readContent(options.kernel));
    await writeFile(at("stub"), await readContent(options.stub));
    await writeFile(at("cmdline"), options.cmdline);
    await writeFile(at("os-release"), `PRETTY_NAME="${options.prettyName.replaceAll(/["\\$`]/g, "\\$&")}"\n`);
    await options.tools.run(
      [
        "ukify",
        "build",
        `--linux=${at("linux")}`,
        `--initrd=${options.initrd}`,
        `--cmdline=@${at("cmdline")}`,
        `--os-release=@${at("os-release")}`,
        `--uname=${options.kernelVersion}`,
        `--stub=${at("stub")}`,
        `--efi-arch=${EFI_ARCH[options.arch]}`,
        ...signingArguments(options.keys),
        `--output=${partial}`,
      ],
      { ...(options.signal && { signal: options.signal }) },
    );
    await rename(partial, options.output);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(partial, { force: true });
  }
  return { file: options.output, size: (await stat(options.output)).size };
}

function signingArguments(keys: SecureBootKeys | undefined): string[] {
  if (keys === undefined) return [];
  return ["--signtool=sbsign", `--secureboot-private-key=${keys.key}`, `--secureboot-certificate=${keys.certificate}`];
}
