import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Current } from "../engine/current.ts";
import type { Engine } from "../engine/engine.ts";
import { API_KEY_VARIABLES } from "../spec/environment.ts";

/** What a key of the device API opens. */
export type Scope = { readonly type: "global" } | { readonly type: "app"; readonly appId: number };

const KEY_CHARACTERS = 32;

/**
 * The keys of the device API: one global, one per service. A service's key is derived, and keys found in containers
 * are accepted too: after the store is lost, running containers keep keys that were derived from another secret.
 */
export class KeyRing {
  readonly #secret: string;
  readonly #scopes = new Map<string, Scope>();
  readonly #adopted = new Set<string>();

  constructor(globalKey: string, serviceSecret: string) {
    this.#secret = serviceSecret;
    this.#scopes.set(digest(globalKey), { type: "global" });
  }

  /** The key that a service's container gets. */
  keyFor(appId: number, service: string): string {
    const key = createHmac("sha256", this.#secret).update(`${appId}/${service}`).digest("hex").slice(0, KEY_CHARACTERS);
    this.#scopes.set(digest(key), { type: "app", appId });
    return key;
  }

  /** Takes over the keys of containers that this process has not made. */
  async adopt(engine: Engine, current: Current): Promise<void> {
    const present = new Set(current.containers.map((container) => container.id));
    for (const id of this.#adopted) if (!present.has(id)) this.#adopted.delete(id);
    for (const { id, appId, hasApiKey } of current.containers) {
      if (!hasApiKey || this.#adopted.has(id)) continue;
      const environment = await engine.environmentOf(id);
      const prefix = `${API_KEY_VARIABLES[0]}=`;
      const key = environment.find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
      if (key !== undefined && key !== "") this.#scopes.set(digest(key), { type: "app", appId });
      this.#adopted.add(id);
    }
  }

  /** The scope of a key; undefined for an unknown one. Takes the same time for every key of this ring. */
  scopeOf(key: string): Scope | undefined {
    const asked = Buffer.from(digest(key));
    let found: Scope | undefined;
    for (const [known, scope] of this.#scopes) if (timingSafeEqual(asked, Buffer.from(known))) found = scope;
    return found;
  }
}

/** Equal lengths for the comparison, and no key in a heap dump's map. */
function digest(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
