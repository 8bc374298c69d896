import { open } from "node:fs/promises";
import { z } from "zod";
import { readTarHeaders, type TarMember } from "../deb/tar-headers.ts";
import type { Content } from "../tree/entry.ts";
import { type Digest, digestOfBytes } from "./digest.ts";

/** The parts of an image's config that are read here; everything else is carried along. */
const storedConfig = z.looseObject({
  architecture: z.string(),
  rootfs: z.object({ type: z.literal("layers"), diff_ids: z.array(z.string()) }),
  config: z.looseObject({}).optional(),
  history: z.array(z.looseObject({ empty_layer: z.boolean().optional() })).default([]),
});
export type StoredConfig = z.output<typeof storedConfig>;

/** An image in an archive. Its layers are ranges of the archive's file. */
export type StoredImage = {
  readonly id: Digest;
  readonly tags: readonly string[];
  readonly config: StoredConfig;
  readonly layers: readonly { readonly diffId: string; readonly tar: Content & { readonly kind: "range" } }[];
};

const manifestSchema = z.array(
  z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullable(), Layers: z.array(z.string()).nullable() }),
);

/**
 * Reads an uncompressed docker-archive, as every version of `docker save` writes it, without copying a layer.
 * @throws Error when it is not one
 */
export async function readArchive(file: string): Promise<StoredImage[]> {
  const members = new Map(readTarHeaders(file).map((member) => [member.path, member]));
  await using handle = await open(file, "r");
  const read = async (path: string): Promise<Buffer> => {
    const { offset, size } = resolve(members, path);
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await handle.read(bytes, 0, size, offset);
    if (bytesRead !== size) throw new Error(`${file}: ${path} is cut`);
    return bytes;
  };
  const manifest = manifestSchema.parse(JSON.parse((await read("manifest.json")).toString()));
  const images: StoredImage[] = [];
  for (const { Config, RepoTags, Layers } of manifest) {
    const bytes = await read(Config);
    const config = storedConfig.parse(JSON.parse(bytes.toString()));
    const diffIds = config.rootfs.diff_ids;
    const paths = Layers ?? [];
    if (paths.length !== diffIds.length)
      throw new Error(`${file}: ${paths.length} layers for ${diffIds.length} digests`);
    const layers = paths.map((path, index) => {
      const { offset, size } = resolve(members, path);
      return { diffId: diffIds[index] ?? "", tar: { kind: "range", file, offset, size } as const };
    });
    images.push({ id: digestOfBytes(bytes), tags: RepoTags ?? [], config, layers });
  }
  return images;
}

/** Older engines write a layer that occurs twice as a link to its first place. */
function resolve(members: ReadonlyMap<string, TarMember>, path: string): TarMember {
  const member = members.get(path);
  if (member === undefined) throw new Error(`the archive has no ${path}`);
  if (member.type === "file") return member;
  if (member.type !== "symlink" && member.type !== "hardlink") throw new Error(`${path} in the archive is no file`);
  const base = member.type === "symlink" ? path.split("/").slice(0, -1) : [];
  const parts: string[] = [];
  for (const part of [...base, ...member.linkTarget.split("/")]) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const target = members.get(parts.join("/"));
  if (target?.type !== "file") throw new Error(`${path} in the archive points to no file`);
  return target;
}
