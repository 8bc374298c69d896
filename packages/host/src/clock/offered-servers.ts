import type { Machine } from "../machine/machine.ts";
import { tellChrony } from "./chrony.ts";

/** chronyd's `sourcedir`. */
const FOLDER = "/run/chrony";

export const sourcesFile = (link: string): string => `${FOLDER}/added_dhcp_${link}.sources`;

/** The addresses in a list that a DHCP server sent. Whatever else is in it could be a directive of chronyd's. Pure. */
export function offeredServers(...lists: readonly (string | undefined)[]): readonly string[] {
  const words = lists.flatMap((list) => (list ?? "").split(/[\s,]+/));
  return [
    ...new Set(words.filter((word) => /^\d{1,3}(\.\d{1,3}){3}$/.test(word) || /^[0-9a-f:]*:[0-9a-f:.]+$/i.test(word))),
  ];
}

/**
 * NetworkManager's dispatcher tells what happened to a link: chronyd learns the time servers that DHCP offered (options
 * 42 and, of DHCPv6, 56), and which sources are reachable now.
 */
export function followLink(machine: Machine, link: string, event: string): number {
  const isName = /^[^\s/]+$/.test(link) && link !== "none";
  if (isName && /^(up|down|dhcp[46]-change)$/.test(event)) {
    const servers =
      event === "down"
        ? []
        : offeredServers(machine.environment("DHCP4_NTP_SERVERS"), machine.environment("DHCP6_DHCP6_NTP_SERVERS"));
    const content = servers.map((server) => `server ${server} iburst\n`).join("");
    if ((machine.readText(sourcesFile(link)) ?? "") !== content) {
      if (content === "") machine.remove(sourcesFile(link));
      else {
        machine.makeDirectory(FOLDER, 0o750);
        machine.writeText(sourcesFile(link), content);
      }
      tellChrony(machine, "reload", "sources");
    }
  }
  tellChrony(machine, "onoffline");
  if (event !== "down") machine.run(["systemctl", "--no-block", "start", "timesync-https.service"]);
  return 0;
}
