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
  /** `<appId>/<service>` of keys by digest; the global key has none. */
  readonly #owners = new Map<string, string>();
  readonly #renewals: Map<string, number>;
  readonly #adopted = new Set<string>();

  /** `renewals`: how often the key of `<appId>/<service>` was replaced; each time, another one is derived. */
  constructor(globalKey: string, serviceSecret: string, renewals: Readonly<Record<string, number>> = {}) {
    this.#secret = serviceSecret;
    this.#renewals = new Map(Object.entries(renewals));
    this.#scopes.set(digest(globalKey), { type: "global" });
  }

  /** The key that a service's container gets. */
  keyFor(appId: number, service: string): string {
    const owner = `${appId}/${service}`;
    const renewals = this.#renewals.get(owner) ?? 0;
    const text = renewals === 0 ? owner : `${owner}/${renewals}`;
    const key = createHmac("sha256", this.#secret).update(text).digest("hex").slice(0, KEY_CHARACTERS);
    this.#accept(key, appId, owner);
    return key;
  }

  /** Whose key it is, `<appId>/<service>`; undefined for the global one and for keys that nobody has. */
  ownerOf(key: string): string | undefined {
    return this.#owners.get(digest(key));
  }

  /** Replaces the global key: the former one opens nothing from now on. */
  replaceGlobal(key: string): void {
    for (const [known, scope] of this.#scopes) if (scope.type === "global") this.#scopes.delete(known);
    this.#scopes.set(digest(key), { type: "global" });
  }

  /** Replaces the key of a service: all its former ones open nothing from now on. Returns the new one. */
  renew(appId: number, service: string, renewals: number): string {
    const owner = `${appId}/${service}`;
    for (const [known, other] of this.#owners) {
      if (other !== owner) continue;
      this.#owners.delete(known);
      this.#scopes.delete(known);
    }
    this.#renewals.set(owner, renewals);
    return this.keyFor(appId, service);
  }

  /** Takes over the keys of containers that this process has not made. */
  async adopt(engine: Engine, current: Current): Promise<void> {
    const present = new Set(current.containers.map((container) => container.id));
    for (const id of this.#adopted) if (!present.has(id)) this.#adopted.delete(id);
    for (const { id, appId, service, hasApiKey } of current.containers) {
      if (!hasApiKey || this.#adopted.has(id)) continue;
      if (this.#renewals.has(`${appId}/${service}`)) {
        // Its container may hold the key that was replaced.
        this.keyFor(appId, service);
        this.#adopted.add(id);
        continue;
      }
      const environment = await engine.environmentOf(id);
      const prefix = `${API_KEY_VARIABLES[0]}=`;
      const key = environment.find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
      if (key !== undefined && key !== "") this.#accept(key, appId, `${appId}/${service}`);
      this.#adopted.add(id);
    }
  }

  #accept(key: string, appId: number, owner: string): void {
    this.#scopes.set(digest(key), { type: "app", appId });
    this.#owners.set(digest(key), owner);
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
