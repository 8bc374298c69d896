import { defaultMirror } from "@holdfast/image";
import { expect, it } from "vitest";
import { mkosiFolders } from "../mkosi/mkosi-folders.ts";
import { debianProject } from "./debian-project.ts";

it("installs what a container host needs with its recommendations, and lets our key in", () => {
  const folders = mkosiFolders("/cache/debian", "/cache/packages");
  const files = debianProject({ folders, mirror: defaultMirror, publicKey: "ssh-ed25519 AAAA bench" });
  const text = files.get("/cache/debian/project/mkosi.conf") ?? "";
  expect(text).toContain("        docker.io\n        openssh-server\n");
  expect(text).toContain("WithRecommends=yes\n");
  expect(files.get("/cache/debian/extra/root/.ssh/authorized_keys")).toBe("ssh-ed25519 AAAA bench\n");
});
