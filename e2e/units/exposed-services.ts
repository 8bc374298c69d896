/** A service that a network, a radio or a server reaches, and what of it they reach. */
export type ExposedService = {
  readonly unit: string;
  readonly reads: string;
  /** Why it cannot be confined; without a reason, it has to be at "medium" or better. */
  readonly unconfined?: string;
};

/** All of them, in the order of docs/unit-exposure.md. */
export const exposedServices: readonly ExposedService[] = [
  { unit: "NetworkManager.service", reads: "DHCP, router advertisements, the connectivity check's answer, PPP" },
  { unit: "ModemManager.service", reads: "what modems say" },
  { unit: "wpa_supplicant.service", reads: "frames of every radio in reach" },
  { unit: "dnsmasq.service", reads: "answers of name servers, questions of containers" },
  { unit: "avahi-daemon.service", reads: "multicast of every host on the link" },
  { unit: "chrony.service", reads: "answers of time servers" },
  { unit: "openvpn.service", reads: "the fleet server's tunnel" },
  { unit: "os-config.service", reads: "the fleet server's configuration of services" },
  { unit: "bluetooth.service", reads: "Bluetooth devices in reach" },
  { unit: "redsocks.service", reads: "all connections on their way to a proxy" },
  { unit: "timesync-https.service", reads: "the date in one web server's answer" },
  { unit: "chrony-watch.service", reads: "what chronyd tells of its sources" },
  { unit: "holdfast-cloud-users@x.service", reads: "names that strangers give to sshd" },
  {
    unit: "sshd@x.service",
    reads: "ssh on port 22222",
    unconfined: "it gives root a shell, which must be able to do everything; before the login, sshd confines itself",
  },
  {
    unit: "NetworkManager-dispatcher.service",
    reads: "nothing; it runs the owner's scripts when links change",
    unconfined:
      "the device contract lets these scripts do what they like; NetworkManager itself only asks it to run them",
  },
  {
    unit: "balena.service",
    reads: "registries' answers, images",
    unconfined: "it makes namespaces, mounts and firewall rules for containers, some of them privileged",
  },
  {
    unit: "balena-supervisor.service",
    reads: "nothing; it starts the container of the supervisor, whose privileges the engine gives",
    unconfined: "it is the engine's client with root's rights, so a sandbox around it would hold nothing",
  },
];
