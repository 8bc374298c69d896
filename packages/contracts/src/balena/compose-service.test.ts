import { describe, expect, it } from "vitest";
import { composeServiceSchema, splitCompose } from "./compose-service.ts";

const parse = (compose: Record<string, unknown>) => composeServiceSchema.parse(compose);

describe("a composition's service", () => {
  it.each([
    ["command", "sh -c 'echo \"a b\"' x\\ y", ["sh", "-c", 'echo "a b"', "x y"]],
    ["command", ["sh", 1], ["sh", "1"]],
    ["dns", "1.1.1.1", ["1.1.1.1"]],
    ["mem_limit", "1gb", 1024 ** 3],
    ["mem_limit", "64m", 64 * 1024 ** 2],
    ["mem_limit", "lots", 0],
    ["stop_grace_period", "1m30s", 90e9],
    ["stop_grace_period", 5, 5e9],
    ["sysctls", ["net.core.somaxconn=1024"], { "net.core.somaxconn": "1024" }],
    ["sysctls", { "net.core.somaxconn": 1024 }, { "net.core.somaxconn": "1024" }],
    ["depends_on", ["db"], { db: "service_started" }],
    [
      "depends_on",
      { db: { condition: "service_healthy" }, mq: null },
      { db: "service_healthy", mq: "service_started" },
    ],
    ["networks", ["a"], { a: {} }],
    ["networks", { a: null, b: { aliases: ["x"] } }, { a: {}, b: { aliases: ["x"] } }],
    [
      "ulimits",
      { nofile: 5, nproc: { soft: 1, hard: 2 } },
      { nofile: { soft: 5, hard: 5 }, nproc: { soft: 1, hard: 2 } },
    ],
    ["extra_hosts", { h: "1.2.3.4" }, ["h:1.2.3.4"]],
    ["privileged", "true", true],
    ["cpus", "0.5", 0.5],
    ["healthcheck", { test: "curl x", interval: "30s" }, { test: ["CMD-SHELL", "curl x"], interval: 30e9 }],
    ["ports", ["8080:80"], [{ container: 80, protocol: "tcp", host: 8080 }]],
    ["ports", ["127.0.0.1:53:53/udp"], [{ container: 53, protocol: "udp", host: 53, address: "127.0.0.1" }]],
    ["ports", [80], [{ container: 80, protocol: "tcp", host: 80 }]],
    ["ports", [{ target: 80, published: "8080" }], [{ container: 80, protocol: "tcp", host: 8080 }]],
    ["volumes", ["d:/data:ro"], [{ kind: "named", name: "d", path: "/data", readOnly: true }]],
    ["volumes", ["/etc:/x"], [{ kind: "ignored", definition: "/etc:/x" }]],
    ["volumes", ["./up:/x"], [{ kind: "ignored", definition: "./up:/x" }]],
    ["volumes", ["/data"], [{ kind: "anonymous", path: "/data", readOnly: false }]],
    ["volumes", [{ type: "tmpfs", target: "/t", tmpfs: { size: 5 } }], [{ kind: "tmpfs", path: "/t", size: 5 }]],
    ["volumes", [{ type: "bind", source: "/a", target: "/b" }], [{ kind: "ignored", definition: "/a:/b" }]],
  ])("takes %s: %j", (key, value, expected) => {
    expect(parse({ [key]: value })).toEqual({ [key]: expected });
  });

  it("opens ranges of ports", () => {
    expect(parse({ ports: ["3000-3002:4000-4002"] }).ports?.map(({ host, container }) => [host, container])).toEqual([
      [3000, 4000],
      [3001, 4001],
      [3002, 4002],
    ]);
  });

  it.each([
    ["ports", ["80:0x50"]],
    ["ports", ["70000"]],
    ["ports", ["1-3:1-2"]],
    ["stop_grace_period", "soon"],
    ["volumes", ["d:relative"]],
    ["depends_on", { db: { condition: "service_happy" } }],
    ["networks", { "../x": {} }],
  ])("refuses %s: %j", (key, value) => {
    expect(composeServiceSchema.safeParse({ [key]: value }).success).toBe(false);
  });

  it("splits off unknown fields by name and takes null as not given", () => {
    const { accepted, ignored } = splitCompose({
      tty: false,
      user: null,
      links: [],
      deploy: {},
      build: ".",
      image: "x",
    });
    expect(accepted).toEqual({ tty: false });
    expect(ignored).toEqual(["deploy", "links"]);
  });
});
