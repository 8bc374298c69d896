import type { BootFolder, Found } from "./boot-folder.ts";
import { checkConnection, describeFinding, isUsable } from "./check-connection.ts";
import { isIgnoredName, isMeantToBeIgnored } from "./file-names.ts";

/** What becomes of one file: its copy, if it gets one, and what its owner should know. */
export type Judgement = {
  readonly name: string;
  /** What the copy holds. Without it the file is not copied, and a former copy stays. */
  readonly content?: Uint8Array;
  /** NetworkManager reads it as a connection. */
  readonly isConnection: boolean;
  readonly uuid?: string;
  readonly remarks: readonly string[];
};

/** More of one file would drown the rest in the journal. */
const MOST_REMARKS = 8;

const notCopied = (name: string, remarks: readonly string[]): Judgement => ({ name, isConnection: false, remarks });

/** What is no readable file of a bearable size. */
function unreadable({ name, kind }: Found, { largestFile }: BootFolder): Judgement {
  if (kind === "directory") return notCopied(name, ["a folder, passed over"]);
  const reason = kind === "file" ? `unreadable or larger than ${largestFile / 1024} KiB` : "no file";
  return notCopied(name, [`${reason}, not copied`]);
}

/** A keyfile of system-connections. One that cannot work is not copied: a former one that works is worth more. Pure. */
export function judgeConnection(found: Found, folder: BootFolder): Judgement {
  const { name, bytes } = found;
  if (bytes === undefined) return unreadable(found, folder);
  if (isIgnoredName(name)) {
    const remarks = isMeantToBeIgnored(name) ? [] : ["NetworkManager passes over files with such a name"];
    return { name, content: bytes, isConnection: false, remarks };
  }
  const checked = checkConnection(bytes);
  const remarks = checked.findings.slice(0, MOST_REMARKS).map(describeFinding);
  if (!isUsable(checked)) return notCopied(name, [...remarks, "not copied"]);
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const { uuid } = checked;
  return {
    ...{ name, content: hasMark ? bytes.subarray(3) : bytes, isConnection: true, remarks },
    ...(uuid === undefined ? {} : { uuid }),
  };
}

const RETURN = 0x0d;
const NEWLINE = 0x0a;

/** A script with the line ends of Windows could not even name its interpreter. */
function withUnixLines(bytes: Uint8Array): Uint8Array {
  const first = bytes.indexOf(NEWLINE);
  const isScript = bytes[0] === 0x23 && bytes[1] === 0x21;
  if (!isScript || bytes[first - 1] !== RETURN) return bytes;
  return bytes.filter((byte, index) => byte !== RETURN || bytes[index + 1] !== NEWLINE);
}

/** A program of dispatcher.d. Pure. */
export function judgeDispatcher(found: Found, folder: BootFolder): Judgement {
  const { name, bytes } = found;
  if (bytes === undefined) return unreadable(found, folder);
  if (bytes.every((byte) => byte === 0)) return notCopied(name, ["empty, not copied"]);
  return { name, content: withUnixLines(bytes), isConnection: false, remarks: [] };
}

/** Connections of one uuid: NetworkManager takes only one of them. Pure. */
export function duplicates(judged: readonly Judgement[]): readonly string[] {
  const first = new Map<string, string>();
  return judged.flatMap(({ name, uuid }) => {
    if (uuid === undefined) return [];
    const other = first.get(uuid);
    if (other === undefined) first.set(uuid, name);
    return other === undefined ? [] : [`${name}: has the same uuid as ${other}: only one of them counts`];
  });
}
