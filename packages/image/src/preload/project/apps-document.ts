import { createHash } from "node:crypto";
import { canonicalJson } from "../../cache/canonical-json.ts";
import type { ComposeProject } from "./compose-project.ts";

/** An image of a service, as a device will find it in its engine. */
export type ServiceImage = { readonly service: string; readonly reference: string; readonly id: string };

const digest = (...parts: readonly string[]): string => createHash("sha256").update(parts.join("\0")).digest("hex");

/** Below every server's sequence would be guesswork; this is far above, and fits 32-bit columns. */
const FIRST_ID = 2 ** 30;

/** A number that stands for a name, the same on every machine. */
const idOf = (...parts: readonly string[]): number =>
  FIRST_ID + (Number.parseInt(digest(...parts).slice(0, 8), 16) % FIRST_ID);

/** The name that a service's image has on devices. */
export function imageReference(project: string, service: string, id: string): string {
  return `holdfast.local/${project}/${service}:${id.replace("sha256:", "").slice(0, 12)}`.toLowerCase();
}

/**
 * The content of apps.json for a project whose images are known. Ids and the release's commit come from
 * names and contents alone, so that the same project gives the same file. Pure.
 */
export function appsDocument(project: ComposeProject, images: readonly ServiceImage[]): object {
  const references = new Map(images.map((image) => [image.service, image]));
  const services: Record<string, object> = {};
  for (const { name, environment, labels, composition } of project.services) {
    const image = references.get(name);
    if (image === undefined) throw new Error(`no image for service ${name}`);
    services[name] = {
      id: idOf("service", project.name, name),
      image_id: idOf("image", image.id),
      image: image.reference,
      environment,
      labels,
      composition,
    };
  }
  const { volumes, networks } = project;
  const commit = digest("release", canonicalJson({ services, volumes, networks })).slice(0, 32);
  const release = { id: idOf("release", project.name, commit), services, volumes, networks };
  const uuid = digest("app", project.name).slice(0, 32);
  const app = { id: idOf("app", project.name), name: project.name, class: "fleet", releases: { [commit]: release } };
  return { config: {}, apps: { [uuid]: app }, pinDevice: false };
}
