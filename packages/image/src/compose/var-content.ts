import { contentOf, type Tree } from "../tree/entry.ts";

/**
 * /var is a tmpfs on the device: what packages put there would vanish. Its directories become tmpfiles entries and its
 * files are kept below /usr/share/factory, from where tmpfiles copies them at boot. Changes the tree in place.
 */
export function moveVarContent(tree: Tree): void {
  const lines: string[] = [];
  for (const path of [...tree.keys()].filter((path) => path.startsWith("var/")).sort()) {
    const entry = tree.get(path);
    if (entry === undefined) continue;
    tree.delete(path);
    if (entry.type === "directory")
      lines.push(`d /${path} ${entry.mode.toString(8).padStart(4, "0")} ${entry.uid} ${entry.gid} -`);
    else if (entry.type === "symlink") lines.push(`L /${path} - - - - ${entry.target}`);
    else if (entry.type === "file") {
      tree.set(`usr/share/factory/${path}`, entry);
      lines.push(
        `C /${path} ${entry.mode.toString(8).padStart(4, "0")} ${entry.uid} ${entry.gid} - /usr/share/factory/${path}`,
      );
    }
  }
  tree.set("usr/lib/tmpfiles.d/holdfast-var.conf", {
    type: "file",
    content: contentOf(`${lines.join("\n")}\n`),
    mode: 0o644,
    uid: 0,
    gid: 0,
  });
}
