import { type ConnectionFile, type ConnectionRule, error, shortName, warning } from "../connection-file.ts";
import { type Finding, unescapeValue } from "../key-file.ts";

/** Kinds of connections that NetworkManager 1.52 knows, by their short names. */
const TYPES = new Set(
  (
    "6lowpan adsl bluetooth bond bridge cdma dummy ethernet generic gsm hsr infiniband ip-tunnel ipvlan loopback macsec " +
    "macvlan ovs-bridge ovs-dpdk ovs-interface ovs-patch ovs-port pppoe team tun veth vlan vpn vrf vxlan wifi wifi-p2p " +
    "wireguard wpan"
  ).split(" "),
);
/** Settings that are no kind of connection by themselves. */
const SETTINGS = new Set([
  ...TYPES,
  ...(
    "802-1x bond-port bridge-port connection dcb ethtool hostname ipv4 ipv6 link match ovs-external-ids " +
    "ovs-other-config ppp proxy serial sriov tc team-port user vpn-secrets wifi-security .nmmeta nm-meta wimax"
  ).split(" "),
]);
/** They exist only because a connection makes them, so it has to name them. */
const NAMED_BY_CONNECTION = new Set("bond bridge dummy ovs-bridge ovs-port team vrf wireguard".split(" "));
/** Longest name of an interface on Linux. */
const INTERFACE_NAME = /^(?!(?:\.{1,2}|all|default|bonding_masters)$)[^\s/:]{1,15}$/;
const UUID = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{40})$/i;
const FLAGS = new Set("true false yes no on off 1 0".split(" "));

/** Rules of their own say what this means for them. */
const LOUDER = new Set(["ssid", "psk"]);

/** A value whose escapes are unknown counts as absent; what that means is for the other rules. */
const knownEscapes: ConnectionRule = (file) =>
  file.settings.flatMap((setting) =>
    file
      .lines(setting)
      // Semicolons of lists are escaped as well.
      .filter(({ key, value }) => unescapeValue(value.replaceAll("\\;", ";")) === undefined && !LOUDER.has(key))
      .map(({ line }) => warning("an unknown escape: a backslash is written twice", line)),
  );

function kind(file: ConnectionFile): readonly Finding[] {
  const { type } = file;
  if (type === undefined) return [error("type is missing in [connection]", file.at("connection"))];
  if (TYPES.has(type)) return [];
  const line = file.line("connection", "type")?.line;
  const meant = type.trim().replace(/^"(.*)"$/, "$1");
  return [
    error(
      TYPES.has(shortName(meant))
        ? "type has blanks or quotes around it"
        : "type is no kind of connection that NetworkManager knows",
      line,
    ),
  ];
}

/** What every connection needs: a kind, a name, and words that NetworkManager knows. */
export const generalRules: ConnectionRule = (file) => {
  const { type } = file;
  const findings = [...kind(file), ...knownEscapes(file)];
  const id = file.line("connection", "id");
  if (id === undefined) findings.push(warning("id is missing in [connection]: named after the file"));
  else if (id.value === "") findings.push(error("id is empty", id.line));

  const uuid = file.line("connection", "uuid");
  if (uuid !== undefined && !UUID.test(uuid.value)) findings.push(error("uuid is no UUID", uuid.line));

  const name = file.line("connection", "interface-name");
  if (name !== undefined && !INTERFACE_NAME.test(name.value) && !type?.startsWith("ovs-"))
    findings.push(
      error("interface-name is no name of an interface: 1 to 15 characters, no blank, no / or :", name.line),
    );
  // Older files have the name in the setting of its kind.
  if (name === undefined && NAMED_BY_CONNECTION.has(type ?? "") && !file.line(type ?? "", "interface-name"))
    findings.push(error(`interface-name is missing: a ${type} has to be named`, file.at("connection")));

  const controller = file.line("connection", "controller") ?? file.line("connection", "master");
  const portType = file.value("connection", "port-type") ?? file.value("connection", "slave-type");
  if (controller !== undefined && portType === undefined)
    findings.push(error(`${controller.key} stands there without port-type`, controller.line));

  const automatic = file.line("connection", "autoconnect");
  if (automatic !== undefined && !FLAGS.has(automatic.value.trim().toLowerCase()))
    findings.push(warning("autoconnect is neither true nor false: it counts as true", automatic.line));
  const permissions = file.line("connection", "permissions");
  if (permissions !== undefined && permissions.value.trim() !== "")
    findings.push(
      warning("permissions bind it to somebody who is logged in, which nobody is on a device", permissions.line),
    );

  for (const setting of file.settings)
    if (!SETTINGS.has(setting) && !setting.startsWith("wireguard-peer."))
      findings.push(warning("no setting of NetworkManager has this name: it does not count", file.at(setting)));
  return findings;
};
