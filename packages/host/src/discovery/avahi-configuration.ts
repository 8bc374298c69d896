/**
 * avahi-daemon's configuration: only the links that are named, since its default is every bridge and virtual cable of
 * the containers, too. It answers to the kernel's hostname.
 */
export const avahiConfiguration = (links: readonly string[]): string =>
  [
    "[server]",
    "use-ipv4=yes",
    "use-ipv6=yes",
    // An empty list would mean all.
    `allow-interfaces=${links.length === 0 ? "lo" : links.join(",")}`,
    "ratelimit-interval-usec=1000000",
    "ratelimit-burst=1000",
    "",
    "[wide-area]",
    "enable-wide-area=no",
    "",
    "[publish]",
    "publish-hinfo=no",
    "publish-workstation=no",
    "",
  ].join("\n");
