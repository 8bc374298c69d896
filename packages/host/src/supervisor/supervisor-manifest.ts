/** /usr/lib/holdfast/supervisor.json: which supervisor belongs to this slot. */
export type SupervisorManifest = {
  /** Tag that the archive carries. */
  readonly image: string;
  /** Config digest, `sha256:<hex>`. */
  readonly id: string;
  readonly version: string;
  /** Absolute path in the image -> SHA-256 in hex, of the files without which it cannot run. */
  readonly files: Readonly<Record<string, string>>;
};

export const MANIFEST = "/usr/lib/holdfast/supervisor.json";
export const ARCHIVE = "/usr/lib/holdfast/supervisor.tar.zst";

/** @throws when the slot's manifest is unusable: the build made a bad slot. */
export function parseManifest(text: string): SupervisorManifest {
  const value = JSON.parse(text) as Partial<SupervisorManifest>;
  if (!value.image || !value.id || !value.version) throw new Error(`${MANIFEST}: image, id or version is missing`);
  return { image: value.image, id: value.id, version: value.version, files: value.files ?? {} };
}
