/** A way out of the device's networks. */
export type DefaultRoute = {
  readonly link: string;
  /** Undefined on links with one other end, such as a modem's. */
  readonly gateway: string | undefined;
};

/** /proc/net/route: addresses are hexadecimal, in the byte order of the processor, which is little-endian on all boards. */
function v4Routes(table: string): readonly DefaultRoute[] {
  return table.split("\n").flatMap((line) => {
    const [link = "", destination, gateway = "", , , , , mask] = line.split("\t");
    if (destination !== "00000000" || mask !== "00000000") return [];
    const bytes = (gateway.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16));
    return [{ link, gateway: bytes.some((byte) => byte !== 0) ? bytes.join(".") : undefined }];
  });
}

const NOWHERE = "0".repeat(32);

/** /proc/net/ipv6_route. The kernel's own entries for what cannot be reached lead to lo. */
function v6Routes(table: string): readonly DefaultRoute[] {
  return table.split("\n").flatMap((line) => {
    const [destination, length, , , gateway = "", , , , , link = "lo"] = line.trim().split(/\s+/);
    if (destination !== NOWHERE || length !== "00" || link === "lo") return [];
    const groups = (gateway.match(/..../g) ?? []).map((group) => group.replace(/^0{1,3}/, ""));
    return [{ link, gateway: gateway === NOWHERE ? undefined : groups.join(":").replace(/(^|:)0(:0)+(:|$)/, "::") }];
  });
}

/** Default routes of both families, from the kernel's tables. Pure. */
export const parseDefaultRoutes = (v4: string, v6: string): readonly DefaultRoute[] => [
  ...v4Routes(v4),
  ...v6Routes(v6),
];
