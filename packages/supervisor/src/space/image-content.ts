import { worldError } from "@holdfast/contracts";
import * as z from "zod";
import { type Document, getDocument } from "./get-document.ts";
import { registryAddress } from "./registry-address.ts";

/** What an image consists of, as its registry tells before anything of it is downloaded. */
export type ImageContent = {
  /** Digest of its configuration: the engine's id of the image. */
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Go's name of the processor architecture. */
  readonly architecture: string;
  readonly layers: readonly Layer[];
};
/** `bytes` are those to download; `diffId` tells the layer's content apart, however it is compressed. */
export type Layer = { readonly diffId: string; readonly bytes: number; readonly isCompressed: boolean };

export type Platform = { readonly architecture: string; readonly variant?: string };

const MEDIA_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
/** A registry that takes longer for a few kilobytes is as good as none. */
const TIMEOUT_MS = 15_000;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const layer = z.object({ size: z.number().nonnegative(), mediaType: z.string().default("") });
const manifest = z.object({ config: z.object({ digest }), layers: z.array(layer) });
const platform = z.object({ architecture: z.string(), os: z.string(), variant: z.string().optional() });
const index = z.object({ manifests: z.array(z.object({ digest, platform: platform.optional() })) });
const config = z.object({
  architecture: z.string(),
  rootfs: z.object({ diff_ids: z.array(digest) }),
  config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
});

/**
 * Asks an image's registry for its manifest and configuration; with a login where the registry asks for one.
 * @throws an error of the world when the registry does not say: no network, a login needed, no image for the platform.
 */
export async function imageContent(reference: string, wanted: Platform, login?: Login): Promise<ImageContent> {
  const { base, tag } = registryAddress(reference);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const session: Session = { signal, login, authorization: undefined };
  const first = await getJson(`${base}/manifests/${tag}`, session);
  const list = index.safeParse(first);
  const single = list.success
    ? await getJson(`${base}/manifests/${pick(list.data.manifests, wanted, reference)}`, session)
    : first;
  const { config: of, layers } = manifest.parse(single);
  const { architecture, rootfs, config: run } = config.parse(await getJson(`${base}/blobs/${of.digest}`, session));
  return {
    id: of.digest,
    labels: run?.Labels ?? {},
    architecture,
    layers: layers.map(({ size, mediaType }, at) => ({
      diffId: rootfs.diff_ids[at] ?? "",
      bytes: size,
      isCompressed: !mediaType.endsWith(".tar"),
    })),
  };
}

function pick(manifests: z.infer<typeof index>["manifests"], wanted: Platform, reference: string): string {
  const fitting = manifests.filter(({ platform: of }) => of?.os === "linux" && of.architecture === wanted.architecture);
  const exact = fitting.find(({ platform: of }) => of?.variant === wanted.variant) ?? fitting[0];
  if (exact !== undefined) return exact.digest;
  throw worldError("supervisor.wrong-architecture", {
    message: `${reference} has no image for ${wanted.architecture}`,
  });
}

export type Login = { readonly username: string; readonly password: string };
type Session = { readonly signal: AbortSignal; readonly login: Login | undefined; authorization: string | undefined };

async function getJson(url: string, session: Session): Promise<unknown> {
  let answer = await get(url, session);
  if (answer.status === 401 && session.authorization === undefined) {
    session.authorization = await authorize(answer.authenticate, session);
    answer = await get(url, session);
  }
  if (answer.status !== 200) throw worldError("supervisor.pull-failed", { message: `${url}: ${answer.status}` });
  return JSON.parse(answer.text);
}

function get(url: string, { signal, authorization }: Session): Promise<Document> {
  return getDocument(new URL(url), { signal, accept: MEDIA_TYPES, authorization });
}

const tokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** The registry names where to get a token (`Bearer realm="…",service="…",scope="…"`); often it needs no login. */
async function authorize(challenge: string, { login, signal }: Session): Promise<string> {
  const basic = login === undefined ? undefined : `Basic ${btoa(`${login.username}:${login.password}`)}`;
  if (/^basic/i.test(challenge)) return basic ?? "";
  const parts = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]));
  const url = new URL(parts.get("realm") ?? "");
  for (const name of ["service", "scope"]) {
    const value = parts.get(name);
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const { text } = await getDocument(url, { signal, authorization: basic });
  const { token, access_token: accessToken } = tokenAnswer.parse(JSON.parse(text));
  return `Bearer ${token ?? accessToken ?? ""}`;
}
