import { defaultMirror } from "@holdfast/image";
import { expect, it } from "vitest";
import { mkosiFolders } from "../mkosi/mkosi-folders.ts";
import { MARKER, mkosiProject, modulePattern } from "./mkosi-project.ts";

const folders = mkosiFolders("/cache/mkosi", "/cache/packages");
const contents = { packages: ["dash", "systemd"], modules: ["dm_verity", "nvme"], initrdModules: ["nvme"] };
const project = (mirror = defaultMirror) => mkosiProject({ folders, mirror, contents, marker: "two" });

it("names each package on a line of its own, and the folders beside the project", () => {
  const text = project().get("/cache/mkosi/project/mkosi.conf") ?? "";
  expect(text).toMatch(/\nPackages=\n {8}dash\n {8}systemd\n$/);
  expect(text).toContain("KernelModulesInclude=\n        /dm[_-]verity\\.ko\n        /nvme\\.ko\n");
  expect(text).toContain("WorkspaceDirectory=/cache/mkosi/workspace\n");
  expect(text).not.toContain("ProxyUrl");
});

it("takes the machine's mirror, its proxy and its trust", () => {
  const mirror = {
    debian: "http://mirror.example/debian",
    security: "http://mirror.example/debian-security",
    trusted: true,
    proxies: { http: "http://proxy.example:3128" },
  };
  const files = project(mirror);
  expect(files.get(`${folders.project}/mkosi.conf`)).toContain("ProxyUrl=http://proxy.example:3128\n");
  const sources = files.get(`${folders.sandbox}/etc/apt/sources.list.d/mkosi.sources`) ?? "";
  expect(sources.match(/^URIs: .*/gm)).toEqual([`URIs: ${mirror.debian}`, `URIs: ${mirror.security}`]);
  expect(sources.match(/^Trusted: yes$/gm)).toHaveLength(2);
});

it("changes nothing but the marker when the marker changes", () => {
  const before = project();
  const after = mkosiProject({ folders, mirror: defaultMirror, contents, marker: "three" });
  const changed = [...after].filter(([path, text]) => before.get(path) !== text).map(([path]) => path);
  expect(changed).toEqual([`${folders.extra}/${MARKER}`]);
});

it("asks for modules by patterns that find both spellings and no other module", () => {
  const finds = (module: string, path: string) => new RegExp(modulePattern(module)).test(path);
  expect(finds("dm_verity", "drivers/md/dm-verity.ko.xz")).toBe(true);
  expect(finds("sd_mod", "drivers/scsi/sd_mod.ko.xz")).toBe(true);
  expect(finds("nvme", "drivers/nvme/host/nvme-core.ko.xz")).toBe(false);
  expect(finds("kernel/fs/nls/*", "fs/nls/nls_ascii.ko.xz")).toBe(true);
});
