import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Content } from "../../tree/entry.ts";
import { readContent } from "../../tree/read-content.ts";
import type { ImageTools } from "../image-tools.ts";

/** Files of the key and the certificate, both PEM, that the firmware's `db` trusts. */
export type SecureBootKeys = { readonly key: string; readonly certificate: string };

export type SignLoaderOptions = {
  readonly loader: Content;
  readonly keys: SecureBootKeys;
  readonly tools: ImageTools;
  readonly output: string;
  readonly scratch: string;
};

/** Signs an EFI program other than the UKI, which `makeUki` signs itself. `output` appears only when it is complete. */
export async function signLoader({ loader, keys, tools, output, scratch }: SignLoaderOptions): Promise<void> {
  const folder = await mkdtemp(join(scratch, "sign-"));
  const [unsigned, signed] = [join(folder, "unsigned.efi"), `${output}.partial`];
  try {
    await writeFile(unsigned, await readContent(loader));
    await tools.run(["sbsign", `--key=${keys.key}`, `--cert=${keys.certificate}`, `--output=${signed}`, unsigned]);
    await rename(signed, output);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(signed, { force: true });
  }
}
