const DOCKER_HUB = /^(?:index\.)?docker\.io\/(?:library\/)?/;
const DIGEST = /@sha256:([0-9a-f]{64})$/;

/** An image reference as the engine lists it: Docker Hub's own prefix dropped, `:latest` added where nothing is said. */
export function normaliseReference(reference: string): string {
  const bare = reference.replace(DOCKER_HUB, "").replace(/^library\//, "");
  if (DIGEST.test(bare)) {
    // `name:tag@digest` is listed by the engine without the tag.
    const [name = "", digest = ""] = bare.split("@");
    return `${withoutTag(name)}@${digest}`;
  }
  return lastSegment(bare).includes(":") ? bare : `${bare}:latest`;
}

/**
 * The tag under which an archive carries an image that is referred to by digest: loading an archive records no digest,
 * so the supervisor takes this tag for the same image. References without a digest are returned as they are.
 */
export function preloadTag(reference: string): string {
  const normal = normaliseReference(reference);
  const digest = DIGEST.exec(normal)?.[1];
  return digest === undefined ? normal : `${normal.split("@")[0]}:holdfast-${digest.slice(0, 32)}`;
}

/** Name and tag (or digest) as the engine's pull wants them. */
export function splitReference(reference: string): { readonly name: string; readonly tag: string } {
  const normal = normaliseReference(reference);
  const at = normal.includes("@") ? normal.indexOf("@") : normal.lastIndexOf(":");
  return { name: normal.slice(0, at), tag: normal.slice(at + 1) };
}

/** Host and port of the registry that a reference names; undefined when it names none: Docker Hub's. */
export function registryOf(reference: string): string | undefined {
  const [first = "", ...rest] = reference.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : undefined;
}

/** The digest part, `sha256:…`, when the reference has one. */
export function digestOf(reference: string): string | undefined {
  const hex = DIGEST.exec(reference)?.[1];
  return hex === undefined ? undefined : `sha256:${hex}`;
}

function lastSegment(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}

function withoutTag(name: string): string {
  const last = lastSegment(name);
  return last.includes(":") ? name.slice(0, name.length - last.length + last.indexOf(":")) : name;
}
