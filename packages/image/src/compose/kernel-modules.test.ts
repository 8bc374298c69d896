import { expect, it } from "vitest";
import { dependencies } from "./kernel-modules.ts";

it("reads hard and soft dependencies from .modinfo", () => {
  const module = Buffer.from(
    "ELF\0alias=x\0depends=usb-common,mii\0softdep=pre: crc32 post: foo-bar\0intree=Y\0",
    "latin1",
  );
  expect(dependencies(module)).toEqual(["usb_common", "mii", "crc32", "foo_bar"]);
});

it("finds none in a module without any", () => {
  expect(dependencies(Buffer.from("\0depends=\0", "latin1"))).toEqual([]);
});
