export type VerityTarget = {
  /** Root hash of the slot that belongs to the running kernel, lower-case hex. */
  readonly rootHash: string;
  /** Where the hash tree starts in the slot, in bytes. */
  readonly hashOffset: number;
};

/** Splits a kernel command line at blanks outside double quotes; the last of a repeated key wins. */
export function parseCmdline(text: string): ReadonlyMap<string, string> {
  const words = text.trim().match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
  return new Map(
    words.map((word): [string, string] => {
      const plain = word.replaceAll('"', "");
      const equals = plain.indexOf("=");
      return equals < 0 ? [plain, ""] : [plain.slice(0, equals), plain.slice(equals + 1)];
    }),
  );
}

/** What `holdfast.roothash=` and `holdfast.hashoffset=` say; undefined when one is missing or malformed. */
export function verityTargetOf(cmdline: string): VerityTarget | undefined {
  const words = parseCmdline(cmdline);
  const rootHash = words.get("holdfast.roothash")?.toLowerCase();
  const hashOffset = Number(words.get("holdfast.hashoffset") ?? "x");
  if (rootHash === undefined || !/^[0-9a-f]{64}$/.test(rootHash)) return undefined;
  return Number.isSafeInteger(hashOffset) && hashOffset > 0 ? { rootHash, hashOffset } : undefined;
}
