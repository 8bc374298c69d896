import { copyFile, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BoardInput, LayerInput } from "@holdfast/contracts";
import type { ToolsTree } from "@holdfast/image";
import type { LocalPackage } from "../../packages/image/src/apt/local-mirror.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const EFI = "usr/lib/systemd/boot/efi";
const KERNEL = "6.12.0-test";

export type MadeUpOs = {
  readonly osDir: string;
  readonly layer: (layer: LayerInput, files?: Readonly<Record<string, string>>) => Promise<void>;
  readonly board: (board: Partial<BoardInput>) => Promise<void>;
  readonly write: (path: string, text: string) => Promise<void>;
};

/** A folder like the repository's `os`, with a board `tiny` and its only layer `tiny`. */
export async function makeUpOs(folder: string): Promise<MadeUpOs> {
  const osDir = join(folder, "os");
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(osDir, path)), { recursive: true });
    await writeFile(join(osDir, path), text);
  };
  const layer: MadeUpOs["layer"] = async (definition, files = {}) => {
    const home = `layers/${definition.name}`;
    await rm(join(osDir, home), { recursive: true, force: true });
    await write(`${home}/layer.ts`, moduleOf("defineLayer", definition));
    for (const [path, text] of Object.entries(files)) await write(`${home}/${path}`, text);
  };
  const board: MadeUpOs["board"] = async (changes) => {
    const definition = { ...tinyBoard, ...changes };
    await write(`boards/${definition.slug}.ts`, moduleOf("defineBoard", definition));
  };
  await mkdir(join(osDir, "ledger"), { recursive: true });
  // Definitions import the contracts by name.
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  await copyFile(join(repository, "os/ledger/accounts.json"), join(osDir, "ledger/accounts.json"));
  await write("ledger/scripts.json", "{}");
  await layer({ name: "tiny", why: "Something to build for the tests.", packages: { "tiny-app": "the only program" } });
  await board({});
  return { osDir, layer, board, write };
}

const moduleOf = (define: string, value: unknown): string =>
  `import { ${define} } from "@holdfast/contracts";\n\nexport default ${define}(${JSON.stringify(value, null, 2)});\n`;

const tinyBoard = {
  slug: "tiny",
  name: "A board of the tests",
  arch: "amd64",
  balenaArch: "amd64",
  deviceType: "generic-amd64",
  kernel: "tiny-kernel",
  layers: ["tiny"],
  loader: { from: `/${EFI}/systemd-bootx64.efi`, to: "EFI/BOOT/BOOTX64.EFI" },
  stub: `/${EFI}/linuxx64.efi.stub`,
  partitions: { boot: 64, root: 16, state: 16, data: 16 },
} satisfies BoardInput;

/** Packages that are enough to build the board `tiny`; any EFI program does for a kernel that is never started. */
export async function madeUpPackages(tools: ToolsTree): Promise<LocalPackage[]> {
  const [loader, stub] = await Promise.all(
    ["systemd-bootx64.efi", "linuxx64.efi.stub"].map((name) => readFile(join(tools.root, EFI, name))),
  );
  if (loader === undefined || stub === undefined) throw new Error("the tools tree has no systemd-boot");
  const modules = ["modules.builtin", "modules.builtin.modinfo", "modules.order"];
  return [
    {
      name: "tiny-kernel",
      version: "6.12.0",
      files: {
        [`boot/vmlinuz-${KERNEL}`]: loader,
        [`${EFI}/systemd-bootx64.efi`]: loader,
        [`${EFI}/linuxx64.efi.stub`]: stub,
        ...Object.fromEntries(modules.map((name) => [`usr/lib/modules/${KERNEL}/${name}`, ""])),
      },
    },
    { name: "tiny-app", version: "1.0", depends: "tiny-lib", files: { "usr/share/tiny/app": "app\n" } },
    {
      name: "tiny-lib",
      version: "1.0",
      files: { "usr/share/tiny/lib": "lib\n", "usr/lib/udev/hwdb.d/20-tiny.hwdb": "dmi:*\n TINY=1\n" },
    },
  ];
}
