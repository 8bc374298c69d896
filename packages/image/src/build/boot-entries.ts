import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Board, refuse } from "@holdfast/contracts";
import type { BootEntries } from "../pack/index.ts";
import { type Content, contentOf } from "../tree/entry.ts";
import type { Variant } from "./build-options.ts";
import { connectionSamples } from "./connection-samples.ts";
import { proxySamples } from "./proxy-samples.ts";

/** A factory image's only entry: no counter, so it never runs out of tries. */
export const FACTORY_ENTRY = "EFI/Linux/holdfast-000001.efi";
/** Never `default` or `@saved`: they would select an entry without tries left. */
const LOADER_CONF = "timeout menu-disabled\neditor no\nauto-firmware no\nauto-entries no\nbeep no\n";

export type BootInput = {
  readonly board: Board;
  readonly variant: Variant;
  readonly version: string;
  /** Folder of the slot stage. */
  readonly release: string;
  /** config.json of the operator, merged over the factory's. */
  readonly config?: Readonly<Record<string, unknown>>;
};

/** Files of the boot partition in a factory image: path -> content. */
export async function bootEntries({ board, variant, version, release, config }: BootInput): Promise<BootEntries> {
  const loader = await fromFile(join(release, "loader.efi"));
  return new Map<string, Content>([
    [board.loader.to, loader],
    [`EFI/systemd/${board.loader.from.split("/").at(-1) ?? ""}`, loader],
    [FACTORY_ENTRY, await fromFile(join(release, "uki.efi"))],
    ["loader/loader.conf", contentOf(LOADER_CONF)],
    ["config.json", contentOf(`${JSON.stringify(factoryConfig(board, variant, config), null, 2)}\n`)],
    ["device-type.json", contentOf(`${JSON.stringify(deviceType(board), null, 2)}\n`)],
    ["os-release", contentOf(await readFile(join(release, "os-release"), "utf8"))],
    ["image-version-info", contentOf(`holdfast ${version}\n`)],
    ["balena-image", contentOf("")],
    ...Object.entries(connectionSamples).map(([name, text]): [string, Content] => [
      `system-connections/${name}`,
      contentOf(text),
    ]),
    ...Object.entries(proxySamples).map(([name, text]): [string, Content] => [`system-proxy/${name}`, contentOf(text)]),
  ]);
}

/** config.json of a fresh image; the variant is nothing but developmentMode. Pure. */
function factoryConfig(
  board: Board,
  variant: Variant,
  config: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    deviceType: board.deviceType,
    persistentLogging: false,
    ...(variant === "development" ? { developmentMode: true } : {}),
    ...config,
  };
}

function deviceType(board: Board): Record<string, unknown> {
  return {
    slug: board.deviceType,
    version: 1,
    aliases: [board.slug],
    name: board.name,
    arch: board.balenaArch,
    state: "released",
  };
}

async function fromFile(file: string): Promise<Content> {
  return { kind: "range", file, offset: 0, size: (await stat(file)).size };
}

/**
 * Parses a config.json given at build time.
 * @throws `image.invalid-config` with the position of the error
 */
export function parseConfig(text: string, file: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
    return refuse("image.invalid-config", {
      message: `${file} is JSON, but not an object.`,
      hint: 'It looks like {"hostname": "sensor-1"}.',
    });
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return refuse("image.invalid-config", {
      message: `${file} is not valid JSON: ${cause.message}.`,
      hint: "Correct it; nothing was built.",
      cause,
    });
  }
}
