import type { ManagedService } from "./schema.ts";
import type { ServerConfig } from "./server/server-config.ts";

export type FileChange = { readonly path: string; readonly content: string };

/** What the server's answer changes of one service. */
export type ServicePlan = {
  readonly service: ManagedService;
  /** Every file as the server wants it, by its name in the answer. */
  readonly wanted: Readonly<Record<string, string>>;
  /** Those of them that differ, in the order in which they are written. */
  readonly changes: readonly FileChange[];
};

/**
 * What has to be written for each service that the server speaks of. Pure but for reading. A file that the answer does
 * not name stays. The service's main file (`config`) comes last: what it refers to is there before it.
 */
export function planServices(
  services: readonly ManagedService[],
  { services: given }: ServerConfig,
  read: (path: string) => string | undefined,
): readonly ServicePlan[] {
  return services.flatMap((service): readonly ServicePlan[] => {
    const answer = Object.hasOwn(given, service.id) ? given[service.id] : undefined;
    if (answer === undefined) return [];
    const names = Object.keys(service.files).sort((a, b) => Number(a === "config") - Number(b === "config"));
    const wanted = Object.fromEntries(
      names.flatMap((name) => (answer[name] === undefined ? [] : [[name, answer[name]]])),
    );
    const changes = Object.entries(wanted).flatMap(([name, content]): readonly FileChange[] => {
      const path = service.files[name];
      if (path === undefined || (read(path) ?? "") === content) return [];
      return [{ path, content }];
    });
    return [{ service, wanted, changes }];
  });
}
