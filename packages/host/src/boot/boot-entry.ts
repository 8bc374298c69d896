/**
 * Name of a boot entry's file when it has no tries left: systemd-boot sorts it behind every other entry. The counter is
 * `+LEFT` or `+LEFT-DONE` before the extension. https://systemd.io/AUTOMATIC_BOOT_ASSESSMENT
 */
export function usedUpName(fileName: string): string {
  const match = /^(?<stem>.*?)(?:\+(?<left>\d+)(?:-(?<done>\d+))?)?\.efi$/i.exec(fileName);
  if (match?.groups === undefined) return fileName;
  const done = Number(match.groups["done"] ?? 0) + Number(match.groups["left"] ?? 0);
  return `${match.groups["stem"]}+0${done > 0 ? `-${done}` : ""}.efi`;
}

/** True when the file is the entry with this id, whatever its counter: ids carry none. */
export function isEntry(fileName: string, id: string): boolean {
  const bare = (name: string): string => name.replace(/\+\d+(-\d+)?(?=\.efi$)/i, "").toLowerCase();
  return bare(fileName) === bare(id);
}
