import { parseWire, serviceContract } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { type Provided, unmetRequirements } from "./unmet-requirements.ts";

const provided: Provided = {
  "sw.supervisor": "17.1.0-rc2",
  "sw.os": "2.15",
  "sw.kernel": "6.12.48+deb13-amd64",
  "hw.device-type": "generic-amd64",
  "arch.sw": "amd64",
};
const unmet = (...requires: unknown[]) =>
  unmetRequirements(parseWire(serviceContract, { type: "sw.container", slug: "x", requires }, "test"), provided);

describe("a contract", () => {
  it.each([
    { type: "sw.supervisor", version: ">=17.0.0" },
    { type: "sw.supervisor", version: "16.x || ^17.1.0" },
    { type: "sw.supervisor" },
    { type: "sw.os", version: "~2.15" },
    { type: "sw.kernel", version: ">6.12.0 <7" },
    { type: "hw.device-type", slug: "generic-amd64" },
    { type: "arch.sw", slug: "amd64" },
    {
      or: [
        { type: "arch.sw", slug: "aarch64" },
        { type: "arch.sw", slug: "amd64" },
      ],
    },
  ])("is met by the device: %j", (requirement) => {
    expect(unmet(requirement)).toEqual([]);
  });

  it.each([
    [{ type: "sw.supervisor", version: ">17.1.0" }, "sw.supervisor >17.1.0"],
    [{ type: "sw.os", version: "nonsense" }, "sw.os nonsense"],
    [{ type: "sw.kernel", version: "<6.12.48" }, "sw.kernel <6.12.48"],
    [{ type: "hw.device-type", slug: "raspberrypi4-64" }, "hw.device-type raspberrypi4-64"],
    [{ type: "arch.sw", slug: "aarch64" }, "arch.sw aarch64"],
    [{ type: "sw.l4t", version: "*" }, "sw.l4t *"],
    [{ or: [{ type: "sw.l4t" }, { type: "arch.sw", slug: "armv7hf" }] }, "sw.l4t or arch.sw armv7hf"],
  ])("is not met by the device: %j", (requirement, words) => {
    expect(unmet({ type: "arch.sw", slug: "amd64" }, requirement)).toEqual([words]);
  });

  it("asks for nothing without requirements, and of no other type than those that a device has", () => {
    expect(unmetRequirements(serviceContract.parse({ slug: "x" }), provided)).toEqual([]);
    expect(() => unmet({ type: "sw.blob" })).toThrow(/requires/);
  });
});
