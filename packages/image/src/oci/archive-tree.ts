import { type Content, contentOf, type Entry, sizeOf, type Tree } from "../tree/entry.ts";
import { type Digest, digestOfBytes, hexOf } from "./digest.ts";
import type { Image } from "./image-config.ts";

const MEDIA = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
} as const;

const blobPath = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`;

/**
 * The files of an archive with all of `images`, each layer once. It is what `docker save` writes since version 25: a
 * docker-archive (manifest.json) that is an OCI layout (index.json) as well, so that engines and registry tools both
 * read it. Pure.
 */
export function archiveTree(images: readonly Image[]): Tree {
  const tree: Tree = new Map();
  const directory: Entry = { type: "directory", mode: 0o755, uid: 0, gid: 0 };
  tree.set("blobs", directory).set("blobs/sha256", directory);
  const put = (path: string, content: Content) =>
    tree.set(path, { type: "file", mode: 0o644, uid: 0, gid: 0, content });
  const putJson = (path: string, document: unknown) => put(path, contentOf(JSON.stringify(document)));
  const index: object[] = [];
  for (const image of images) {
    put(blobPath(image.id), { kind: "bytes", bytes: image.config });
    for (const { diffId, tar } of image.layers) put(blobPath(diffId), tar);
    const manifest = ociManifest(image);
    put(blobPath(digestOfBytes(manifest)), { kind: "bytes", bytes: manifest });
    const entry = { mediaType: MEDIA.manifest, digest: digestOfBytes(manifest), size: manifest.length };
    for (const tag of image.tags.length === 0 ? [undefined] : image.tags) {
      index.push(tag === undefined ? entry : { ...entry, annotations: annotationsFor(tag) });
    }
  }
  putJson("index.json", { schemaVersion: 2, mediaType: MEDIA.index, manifests: index });
  putJson(
    "manifest.json",
    images.map(({ id, tags, layers }) => ({
      Config: blobPath(id),
      RepoTags: tags.length === 0 ? null : tags,
      Layers: layers.map(({ diffId }) => blobPath(diffId)),
    })),
  );
  putJson("oci-layout", { imageLayoutVersion: "1.0.0" });
  return tree;
}

function ociManifest({ id, config, layers }: Image): Uint8Array {
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: { mediaType: MEDIA.config, digest: id, size: config.length },
    layers: layers.map(({ diffId, tar }) => ({ mediaType: MEDIA.layer, digest: diffId, size: sizeOf(tar) })),
  };
  return new TextEncoder().encode(JSON.stringify(manifest));
}

function annotationsFor(tag: string): Record<string, string> {
  return {
    "io.containerd.image.name": tag,
    "org.opencontainers.image.ref.name": tag.slice(tag.lastIndexOf(":") + 1),
  };
}
