import { buildMountsOf } from "@holdfast/contracts/host";
import { describe, expect, it } from "vitest";
import { BadVolumes, withBuildVolumes } from "./build-volumes.ts";

const secrets = encodeURIComponent('["/var/lib/docker/tmp/aa:/run/secrets:ro"]');
const parentOf = (target: string) => new URL(target, "http://engine").searchParams.get("cgroupparent") ?? "";

describe("withBuildVolumes", () => {
  it("hands a build's volumes on to the runtime and keeps everything else that was asked", () => {
    for (const path of ["/build", "/v1.41/build"]) {
      const target = withBuildVolumes("POST", `${path}?t=a%3A1&volumes=${secrets}&labels=%7B%22a%22%3A%22b%22%7D`);
      const { pathname, searchParams } = new URL(target, "http://engine");
      expect(pathname).toBe(path);
      expect(searchParams.get("t")).toBe("a:1");
      expect(searchParams.get("labels")).toBe('{"a":"b"}');
      expect(searchParams.has("volumes")).toBe(false);
      expect(buildMountsOf(`${parentOf(target)}:docker:1`)).toEqual({
        mounts: [{ source: "/var/lib/docker/tmp/aa", destination: "/run/secrets", isReadOnly: true }],
      });
    }
  });

  it("mounts for writing unless told otherwise, and keeps the client's own cgroup", () => {
    const target = withBuildVolumes(
      "POST",
      `/build?cgroupparent=mine.slice&volumes=${encodeURIComponent('["/a:/b"]')}`,
    );
    expect(buildMountsOf(`${parentOf(target)}:docker:1`)).toEqual({
      mounts: [{ source: "/a", destination: "/b", isReadOnly: false }],
      cgroupParent: "mine.slice",
    });
  });

  it("keeps what stands behind a question mark within the query", () => {
    const target = withBuildVolumes("POST", `/build?remote=http://a/b?c&volumes=${secrets}&t=x`);
    const { searchParams } = new URL(target, "http://engine");
    expect([searchParams.get("remote"), searchParams.get("t")]).toEqual(["http://a/b?c", "x"]);
    expect(parentOf(target)).not.toBe("");
  });

  it("leaves every other request as it is, to the byte", () => {
    const untouched: [string, string][] = [
      ["POST", "/build?t=x&labels=%7b%7d&q"],
      ["POST", "/v1.41/build"],
      ["GET", `/build?volumes=${secrets}`],
      ["POST", `/build/prune?volumes=${secrets}`],
      ["POST", `/containers/create?volumes=${secrets}`],
    ];
    for (const [method, target] of untouched) expect(withBuildVolumes(method, target)).toBe(target);
    expect(parentOf(withBuildVolumes("POST", "/build?volumes=%5B%5D&t=x"))).toBe("");
  });

  it.each(["nonsense", '{"/a":{}}', '["name:/b"]', '["/a"]', '["/a:b"]', '["/a:/b:z"]', "[1]", '["/a\\u0000:/b"]'])(
    "refuses %s",
    (volumes) => {
      expect(() => withBuildVolumes("POST", `/build?volumes=${encodeURIComponent(volumes)}`)).toThrow(BadVolumes);
    },
  );
});
