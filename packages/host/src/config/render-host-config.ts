import { renderDevelopment } from "./areas/development.ts";
import { renderHostname } from "./areas/hostname.ts";
import { renderSsh } from "./areas/ssh.ts";
import type { HostConfig } from "./keys/config-keys.ts";
import type { HostFacts, OwnedFolder, RenderArea, RenderedFile } from "./rendered-file.ts";

const areas: readonly RenderArea[] = [renderHostname, renderDevelopment, renderSsh];

export type RenderedHost = { readonly files: readonly RenderedFile[]; readonly folders: readonly OwnedFolder[] };

/** config.json in, every derived file out. Pure. */
export function renderHostConfig(config: HostConfig, facts: HostFacts): RenderedHost {
  const all = areas.flatMap((render) => render(config, facts));
  return {
    files: all.filter((each): each is RenderedFile => "path" in each),
    folders: all.filter((each): each is OwnedFolder => "folder" in each),
  };
}
