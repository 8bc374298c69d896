import { renderCloudUsers } from "./areas/cloud-users.ts";
import { renderConnectivity } from "./areas/connectivity.ts";
import { renderDevelopment } from "./areas/development.ts";
import { renderDiscovery } from "./areas/discovery.ts";
import { renderFirmware } from "./areas/firmware.ts";
import { renderHardware } from "./areas/hardware.ts";
import { renderHostname } from "./areas/hostname.ts";
import { renderJournal } from "./areas/journal.ts";
import { renderNameServers } from "./areas/name-servers.ts";
import { renderRootCertificates } from "./areas/root-certificates.ts";
import { renderServer } from "./areas/server.ts";
import { renderSsh } from "./areas/ssh.ts";
import { renderSupervisor } from "./areas/supervisor.ts";
import { renderTimeServers } from "./areas/time-servers.ts";
import { renderUdev } from "./areas/udev.ts";
import { renderWireless } from "./areas/wireless.ts";
import type { HostConfig } from "./keys/config-keys.ts";
import type { HostFacts, OwnedFolder, RenderArea, RenderedFile } from "./rendered-file.ts";

const areas: readonly RenderArea[] = [
  renderHostname,
  renderDiscovery,
  renderDevelopment,
  renderSsh,
  renderUdev,
  renderNameServers,
  renderTimeServers,
  renderConnectivity,
  renderWireless,
  renderRootCertificates,
  renderJournal,
  renderHardware,
  renderFirmware,
  renderSupervisor,
  renderServer,
  renderCloudUsers,
];

export type RenderedHost = { readonly files: readonly RenderedFile[]; readonly folders: readonly OwnedFolder[] };

/** config.json in, every derived file out. Pure. */
export function renderHostConfig(config: HostConfig, facts: HostFacts): RenderedHost {
  const all = areas.flatMap((render) => render(config, facts));
  return {
    files: all.filter((each): each is RenderedFile => "path" in each),
    folders: all.filter((each): each is OwnedFolder => "folder" in each),
  };
}
