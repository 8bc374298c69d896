import type { Platform } from "./image-content.ts";

/** Go's names of architectures by Node's, as registries use them. */
const ARCHITECTURES: Readonly<Record<string, Platform>> = {
  x64: { architecture: "amd64" },
  arm64: { architecture: "arm64", variant: "v8" },
  arm: { architecture: "arm", variant: "v7" },
};

/** The platform that the engine of this device picks images for. */
export function devicePlatform(arch: string = process.arch): Platform {
  return ARCHITECTURES[arch] ?? { architecture: arch };
}
