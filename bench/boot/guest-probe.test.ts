import { expect, it } from "vitest";
import { parseMemory, parseTimes, serviceOf } from "./guest-probe.ts";

it("splits the boot into kernel, initrd and userspace", () => {
  const text =
    "InitRDTimestampMonotonic=5000000\nUserspaceTimestampMonotonic=12500000\nFinishTimestampMonotonic=60000000\n\nActiveEnterTimestampMonotonic=40000000\n";
  expect(parseTimes(text)).toEqual({ kernel: 5, initrd: 7.5, userspace: 47.5, kernelToEngine: 40 });
});

it("knows systems without an initrd, and refuses to measure one that still boots", () => {
  const text = (finish: number): string =>
    `InitRDTimestampMonotonic=0\nUserspaceTimestampMonotonic=4000000\nFinishTimestampMonotonic=${finish}\nActiveEnterTimestampMonotonic=9000000\n`;
  expect(parseTimes(text(30_000_000))).toMatchObject({ kernel: 4, initrd: 0 });
  expect(() => parseTimes(text(0))).toThrow(/not finished booting/);
  expect(() => parseTimes("")).toThrow(/InitRD/);
});

it("adds up the processes of each service, and both halves of the engine", () => {
  const text = `MemTotal:         1000000 kB
MemAvailable:     700000 kB
process 0::/init.scope Pss:            4000 kB
process 0::/system.slice/docker.service Pss:            50000 kB
process 0::/system.slice/containerd.service Pss:            20000 kB
process 0::/system.slice/ssh.service Pss:            1000 kB
process 0::/system.slice/ssh.service Pss:            500 kB
process 0::/user.slice/user-0.slice/session-1.scope Pss:            9000 kB
`;
  const { used, services } = parseMemory(text);
  expect(used).toBe(300_000 * 1024);
  expect(Object.fromEntries(services)).toEqual({
    init: 4000 * 1024,
    engine: 70_000 * 1024,
    ssh: 1500 * 1024,
  });
});

it("tells containers from services, and leaves the measuring connection out", () => {
  expect(serviceOf(`/system.slice/docker-${"a".repeat(64)}.scope`)).toBe("supervisor-container");
  expect(serviceOf("/system.slice/system-getty.slice/getty@tty1.service")).toBe("getty@tty1");
  expect(serviceOf("/system.slice/sshd@3-10.0.2.15:22222-10.0.2.2:4000.service")).toBeUndefined();
});
