import { describe, expect, it } from "vitest";
import type { Deb } from "../../deb/open-deb.ts";
import { contentOf, type Entry, type Tree } from "../../tree/entry.ts";
import { readContent } from "../../tree/read-content.ts";
import { accountFiles, alternativeRecord, fillPamTemplate } from "./base-configuration.ts";
import { isInSlim } from "./base-packages.ts";
import { addDpkgDatabase } from "./dpkg-database.ts";

const file = (text: string): Entry => ({ type: "file", content: contentOf(text), mode: 0o644, uid: 0, gid: 0 });
const entry = (path: string, what: Entry) => ({ path, entry: what, user: "root", group: "root" });
const directory: Entry = { type: "directory", mode: 0o755, uid: 0, gid: 0 };

const debs: Deb[] = [
  {
    name: "libx1",
    control: {
      Package: "libx1",
      Architecture: "arm64",
      "Multi-Arch": "same",
      Version: "1-2",
      Description: "x library\nlonger\n.",
    },
    scripts: {},
    conffiles: ["/etc/x.conf", "remove-on-upgrade /etc/old"],
    triggers: "activate-noawait ldconfig\n",
    entries: [entry("", directory), entry("etc/x.conf", file("x=1\n")), entry("usr/lib/libx.so.1", file("code"))],
  },
  {
    name: "libc-bin",
    control: { Package: "libc-bin", Architecture: "arm64", Version: "2" },
    scripts: { postinst: "#!/bin/sh\nldconfig\n" },
    conffiles: [],
    triggers: "# comment\ninterest-await ldconfig\ninterest-noawait /usr/lib32\n",
    entries: [entry("usr/sbin/ldconfig", file("code"))],
  },
];

async function database(): Promise<(path: string) => Promise<string>> {
  const tree: Tree = new Map();
  await addDpkgDatabase(tree, debs, "arm64");
  return async (path) => {
    const found = tree.get(`var/lib/dpkg/${path}`);
    if (found?.type !== "file") throw new Error(`no ${path} among ${[...tree.keys()].join(" ")}`);
    return Buffer.from(await readContent(found.content)).toString();
  };
}

describe("addDpkgDatabase", () => {
  it("lists every package as installed, with its configuration files", async () => {
    const read = await database();
    expect(await read("status")).toBe(
      [
        "Package: libc-bin\nStatus: install ok installed\nArchitecture: arm64\nVersion: 2\n",
        "Package: libx1\nStatus: install ok installed\nArchitecture: arm64\nMulti-Arch: same\nVersion: 1-2",
        "Description: x library\n longer\n .",
        "Conffiles:\n /etc/x.conf f968f33f844c98de1d3b4fe70f2e1a0f\n\n",
      ].join("\n"),
    );
    expect(await read("status")).not.toContain("etc/old");
  });

  it("names the files of packages for several architectures by architecture", async () => {
    const read = await database();
    expect(await read("info/libx1:arm64.list")).toBe("/.\n/etc/x.conf\n/usr/lib/libx.so.1\n");
    expect(await read("info/libx1:arm64.md5sums")).toMatch(/^[0-9a-f]{32} {2}usr\/lib\/libx.so.1\n$/);
    expect(await read("info/libc-bin.postinst")).toContain("ldconfig");
    expect(await read("info/format")).toBe("1\n");
  });

  it("records who is interested in which trigger", async () => {
    const read = await database();
    expect(await read("triggers/ldconfig")).toBe("libc-bin\n");
    expect(await read("triggers/File")).toBe("/usr/lib32 libc-bin/noawait\n");
  });
});

describe("slim filter", () => {
  it("leaves out manuals and locales, keeps licences", () => {
    const paths = [
      "usr/share/doc/x/copyright",
      "usr/share/doc/x/README",
      "usr/share/man/man1/x.1",
      "usr/share/doc",
      "usr/bin/x",
    ];
    expect(paths.filter(isInSlim)).toEqual(["usr/share/doc/x/copyright", "usr/share/doc", "usr/bin/x"]);
  });
});

describe("configuration of the base image", () => {
  it("shadows the master accounts with a fixed day", () => {
    const files = accountFiles("root:*:0:0:root:/root:/bin/bash\n", "root:*:0:\nshadow:*:42:\n", 86_400 * 20_000 + 5);
    expect(files["etc/passwd"]).toBe("root:x:0:0:root:/root:/bin/bash\n");
    expect(files["etc/shadow"]).toBe("root:*:20000:0:99999:7:::\n");
    expect(files["etc/group"]).toBe("root:x:0:\nshadow:x:42:\n");
    expect(files["etc/gshadow"]).toBe("root:*::\nshadow:*::\n");
  });

  it("fills pam's templates and drops empty blocks", () => {
    expect(fillPamTemplate("# x\n$auth_primary\nauth requisite pam_deny.so\n$auth_additional\n")).toBe(
      "# x\nauth\t[success=1 default=ignore]\tpam_unix.so nullok\nauth requisite pam_deny.so\n",
    );
  });

  it("records alternatives as update-alternatives does", () => {
    const slaves = [{ name: "nawk", link: "/usr/bin/nawk", target: "/usr/bin/mawk" }];
    const record = alternativeRecord({
      name: "awk",
      link: "/usr/bin/awk",
      target: "/usr/bin/mawk",
      priority: 5,
      slaves,
    });
    expect(record).toBe("auto\n/usr/bin/awk\nnawk\n/usr/bin/nawk\n\n/usr/bin/mawk\n5\n/usr/bin/mawk\n\n");
  });
});
