/** Byte order of a GUID on disk: the first three fields are little-endian. */
const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/** The 16 bytes of a GUID as GPT stores it. */
export function guidToBytes(guid: string): Uint8Array {
  const hex = guid.replaceAll("-", "");
  return Uint8Array.from(order, (from) => Number.parseInt(hex.slice(from * 2, from * 2 + 2), 16));
}

/** Lower-case text of a stored GUID. */
export function guidFromBytes(bytes: Uint8Array): string {
  const hex = order.map((from) => (bytes[from] ?? 0).toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
