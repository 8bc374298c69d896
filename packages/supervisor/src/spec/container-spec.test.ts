import { parseWire, wireApps } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { targetFromWire } from "../target/from-wire.ts";
import { desiredOf, type TestService, testFacts, wireOf } from "../testing/fixtures.ts";
import type { ContainerSpec } from "./container-spec.ts";
import { desiredFrom } from "./desired.ts";
import type { DeviceFacts } from "./device-facts.ts";

function specOf(service: TestService, facts: Partial<DeviceFacts> = {}): ContainerSpec {
  const wire = wireOf({ services: { web: service }, volumes: { data: {} }, networks: { back: {} } });
  const target = targetFromWire(parseWire(wireApps, wire, "test"));
  const spec = desiredFrom(target, { ...testFacts, ...facts }).apps[0]?.services[0];
  if (spec === undefined) throw new Error("no service");
  return spec;
}

const compose = (composition: Record<string, unknown>) => specOf({ composition }).body;
const host = (composition: Record<string, unknown>) => compose(composition).HostConfig;
const label = (feature: string) => specOf({ labels: { [`io.balena.features.${feature}`]: "1" } });
const environment = (spec: ContainerSpec) =>
  Object.fromEntries(spec.body.Env.map((entry) => entry.split(/=(.*)/s).slice(0, 2)));

describe("the container of a service", () => {
  it("has the defaults of compat 4.6, names, labels and the lock mounts", () => {
    const spec = specOf({});
    expect(spec.name).toBe("web_200_10_one");
    expect(spec.body).toMatchObject({
      Image: "img:1",
      Tty: true,
      StopSignal: "SIGTERM",
      StopTimeout: 10,
      Labels: {
        "io.balena.supervised": "true",
        "io.balena.app-id": "1",
        "io.balena.app-uuid": "uuid1",
        "io.balena.service-id": "100",
        "io.balena.service-name": "web",
        "io.holdfast.config-hash": spec.hash,
      },
      HostConfig: {
        NetworkMode: "uuid1_default",
        RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
        IpcMode: "shareable",
        ShmSize: 64 * 1024 * 1024,
        Binds: [
          "/tmp/balena-supervisor/services/1/web:/tmp/resin",
          "/tmp/balena-supervisor/services/1/web:/tmp/balena",
        ],
      },
      NetworkingConfig: { EndpointsConfig: { uuid1_default: { Aliases: ["web"] } } },
    });
  });

  it("keeps its hash between releases of the supervisor: another one would replace every container in the field", () => {
    // When this fails on purpose, say so in the release notes: all apps restart at the supervisor's update.
    expect(specOf({}).hash).toBe("42dc77831a889bb6e039ba84d2f44317");
  });

  it("injects the device's variables under both prefixes, the user's own win", () => {
    const variables = environment(specOf({ environment: { BALENA_APP_NAME: "mine", PORT: "80" } }));
    expect(variables).toMatchObject({
      BALENA: "1",
      RESIN: "1",
      USER: "root",
      PORT: "80",
      BALENA_APP_NAME: "mine",
      RESIN_APP_NAME: "app1",
      BALENA_APP_ID: "1",
      RESIN_APP_UUID: "uuid1",
      BALENA_SERVICE_NAME: "web",
      RESIN_DEVICE_UUID: testFacts.uuid,
      BALENA_DEVICE_TYPE: "generic-amd64",
      BALENA_DEVICE_ARCH: "amd64",
      BALENA_HOST_OS_VERSION: "Holdfast 1.0",
      BALENA_APP_LOCK_PATH: "/tmp/balena/updates.lock",
      BALENA_SERVICE_HANDOVER_COMPLETE_PATH: "/tmp/balena/handover-complete",
      RESIN_SERVICE_KILL_ME_PATH: "/tmp/balena/handover-complete",
      BALENA_DEVICE_NAME_AT_INIT: "brave-lamp",
    });
  });

  it("is not another container because the device got another name, but because of any other variable", () => {
    expect(specOf({}, { name: "new name" }).hash).toBe(specOf({}).hash);
    expect(specOf({}, { osVersion: "Holdfast 1.1" }).hash).not.toBe(specOf({}).hash);
    expect(specOf({ environment: { A: "1" } }).hash).not.toBe(specOf({}).hash);
  });

  it("does not depend on the order of keys and networks", () => {
    const one = specOf({ environment: { A: "1", B: "2" }, composition: { networks: ["back", "default"] } });
    const other = specOf({ environment: { B: "2", A: "1" }, composition: { networks: ["default", "back"] } });
    expect(other.hash).toBe(one.hash);
  });

  it("attaches to the first network at creation and to the others before the start", () => {
    const spec = specOf({
      composition: { networks: { back: { aliases: ["x"], ipv4_address: "10.0.0.2" }, default: null } },
    });
    expect(spec.body.HostConfig.NetworkMode).toBe("uuid1_back");
    expect(spec.body.NetworkingConfig?.EndpointsConfig).toEqual({
      uuid1_back: { Aliases: ["web", "x"], IPAMConfig: { IPv4Address: "10.0.0.2" } },
    });
    expect(spec.furtherNetworks.map(({ network }) => network)).toEqual(["uuid1_default"]);
  });

  it("takes the host's network, its name, and publishes nothing there", () => {
    const body = compose({ network_mode: "host", ports: ["80:80"] });
    expect(body.Hostname).toBe(testFacts.hostname);
    expect(body.HostConfig.NetworkMode).toBe("host");
    expect(body.HostConfig.PortBindings).toBeUndefined();
    expect(body.NetworkingConfig).toBeUndefined();
  });

  it.each<[Record<string, unknown>, Record<string, unknown>]>([
    [{ restart: "unless-stopped" }, { RestartPolicy: { Name: "unless-stopped", MaximumRetryCount: 0 } }],
    [{ restart: "sometimes" }, { RestartPolicy: { Name: "always", MaximumRetryCount: 0 } }],
    [{ restart: false }, { RestartPolicy: { Name: "always", MaximumRetryCount: 0 } }],
    [
      { cap_add: ["SYS_TIME"], cap_drop: ["ALL"] },
      { CapAdd: ["SYS_TIME"], CapDrop: ["ALL"] },
    ],
    [
      { mem_limit: "64m", mem_reservation: "32m" },
      { Memory: 67_108_864, MemoryReservation: 33_554_432 },
    ],
    [
      { cpus: "1.5", cpu_shares: 5, cpu_quota: 6, cpuset: "0,1" },
      { NanoCpus: 1.5e9, CpuShares: 5, CpuQuota: 6, CpusetCpus: "0,1" },
    ],
    [
      { devices: ["/dev/a"] },
      { Devices: [{ PathOnHost: "/dev/a", PathInContainer: "/dev/a", CgroupPermissions: "rwm" }] },
    ],
    [
      { devices: ["/dev/a:/dev/b:r"] },
      { Devices: [{ PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "r" }] },
    ],
    [
      { dns: "1.1.1.1", dns_opt: ["x"], dns_search: ["y"] },
      { Dns: ["1.1.1.1"], DnsOptions: ["x"], DnsSearch: ["y"] },
    ],
    [{ extra_hosts: ["a=1.2.3.4", "b:::1"] }, { ExtraHosts: ["a:1.2.3.4", "b:::1"] }],
    [{ security_opt: ["label=disable", "no-new-privileges"] }, { SecurityOpt: ["no-new-privileges"] }],
    [
      { sysctls: { a: 1 }, ulimits: { nofile: 5 } },
      { Sysctls: { a: "1" }, Ulimits: [{ Name: "nofile", Soft: 5, Hard: 5 }] },
    ],
    [{ tmpfs: "/t:size=5" }, { Tmpfs: { "/t": "size=5" } }],
    [
      { ipc: "host", pid: "host", init: true, userns_mode: "host" },
      { IpcMode: "host", PidMode: "host", Init: true, UsernsMode: "host" },
    ],
    [
      { shm_size: "1m", pids_limit: 9, group_add: [5], cgroup_parent: "x" },
      { ShmSize: 1_048_576, PidsLimit: 9, GroupAdd: ["5"], CgroupParent: "x" },
    ],
    [
      { privileged: true, read_only: true, oom_kill_disable: true, oom_score_adj: -5 },
      { Privileged: true, ReadonlyRootfs: true, OomKillDisable: true, OomScoreAdj: -5 },
    ],
    [
      { ports: ["8080:80", "127.0.0.1:53:53/udp", "9"] },
      {
        PortBindings: {
          "80/tcp": [{ HostIp: "", HostPort: "8080" }],
          "53/udp": [{ HostIp: "127.0.0.1", HostPort: "53" }],
        },
      },
    ],
  ])("maps %j", (composition, expected) => {
    expect(host(composition)).toMatchObject(expected);
  });

  it("runs the image that the release names, and is not another definition because of it", () => {
    const other = specOf({ image: "img:2" });
    expect(other.body.Image).toBe("img:2");
    expect(other.hash).toBe(specOf({ image: "img:1" }).hash);
  });

  it("takes storage_opt and does not apply it, as other devices do", () => {
    const plain = specOf({}).hash;
    expect(specOf({ composition: { storage_opt: { size: "1G" } } }).hash).toBe(plain);
  });

  it("maps process, name and health", () => {
    const body = compose({
      ...{
        command: "a b",
        entrypoint: ["c"],
        user: 1000,
        working_dir: "/w",
        hostname: "h",
        domainname: "d",
        tty: false,
      },
      ...{ stop_signal: "SIGINT", stop_grace_period: "1500ms", mac_address: "02:00:00:00:00:01" },
      healthcheck: { test: ["CMD", "x"], interval: "5s", timeout: "1s", retries: 2, start_period: "3s" },
    });
    expect(body).toMatchObject({
      ...{
        Cmd: ["a", "b"],
        Entrypoint: ["c"],
        User: "1000",
        WorkingDir: "/w",
        Hostname: "h",
        Domainname: "d",
        Tty: false,
      },
      ...{ StopSignal: "SIGINT", StopTimeout: 2, MacAddress: "02:00:00:00:00:01" },
      Healthcheck: { Test: ["CMD", "x"], Interval: 5e9, Timeout: 1e9, Retries: 2, StartPeriod: 3e9 },
    });
    expect(compose({ healthcheck: { disable: true } }).Healthcheck).toEqual({ Test: ["NONE"] });
  });

  it("mounts volumes under the app's number", () => {
    const body = compose({ volumes: ["data:/data:ro", "/cache", { type: "tmpfs", target: "/t", tmpfs: { size: 9 } }] });
    expect(body.HostConfig.Binds).toContain("1_data:/data:ro");
    expect(body.Volumes).toEqual({ "/cache": {} });
    expect(body.HostConfig.Mounts).toEqual([{ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 9 } }]);
  });

  it.each([
    ["dbus", "/run/dbus:/host/run/dbus"],
    ["kernel-modules", "/lib/modules:/lib/modules"],
    ["sysfs", "/sys:/sys"],
    ["procfs", "/proc:/proc"],
    ["journal-logs", "/run/log/journal:/run/log/journal:ro"],
    ["balena-socket", "/var/run/balena-engine.sock:/host/run/balena-engine.sock"],
    ["balena-socket", "/var/run/balena-engine.sock:/var/run/balena-engine.sock"],
    ["balena-socket", "/var/run/balena-engine.sock:/var/run/balena.sock"],
    ["extra-firmware", "extra-firmware:/extra-firmware"],
  ])("mounts for the label %s: %s", (feature, bind) => {
    expect(label(feature).body.HostConfig.Binds).toContain(bind);
  });

  it("mounts nothing that the host lacks, and nothing for a label that says no", () => {
    expect(label("firmware").body.HostConfig.Binds).toHaveLength(2);
    expect(specOf({ labels: { "io.balena.features.dbus": "0" } }).body.HostConfig.Binds).toHaveLength(2);
  });

  it("gives what labels ask for over the user's own", () => {
    const api = specOf({
      labels: { "io.balena.features.supervisor-api": "true" },
      environment: { BALENA_SUPERVISOR_PORT: "1" },
    });
    expect(environment(api)).toMatchObject({
      BALENA_SUPERVISOR_PORT: "48484",
      BALENA_SUPERVISOR_HOST: "10.114.104.1",
      RESIN_SUPERVISOR_ADDRESS: "http://10.114.104.1:48484",
    });
    expect(api.wantsApiKey).toBe(true);
    expect(api.furtherNetworks).toEqual([{ network: "supervisor0", endpoint: {} }]);
    expect(environment(label("balena-api"))).toMatchObject({
      BALENA_API_KEY: "device-key",
      RESIN_API_URL: testFacts.apiEndpoint,
    });
    expect(environment(label("host-os.board-rev"))).toMatchObject({ BALENA_HOST_OS_BOARD_REV: "rev-c" });
    expect(environment(label("balena-socket"))).toMatchObject({ DOCKER_HOST: "unix:///host/run/balena-engine.sock" });
    expect(label("gpu").body.HostConfig.DeviceRequests).toEqual([
      { Driver: "", Count: 1, DeviceIDs: [], Capabilities: [["gpu"]], Options: {} },
    ]);
  });

  it("reaches the device API on loopback from the host's network, and joins no other", () => {
    const labels = { "io.balena.features.supervisor-api": "1" };
    const spec = specOf({ labels, composition: { network_mode: "host" } });
    expect(environment(spec)).toMatchObject({ BALENA_SUPERVISOR_HOST: "127.0.0.1" });
    expect(spec.furtherNetworks).toEqual([]);
  });
});

describe("networks of an app", () => {
  it("are named after the app, labelled, and marked when their addresses are fixed", () => {
    const wire = wireOf({
      services: { web: {} },
      networks: {
        back: {
          internal: true,
          driver_opts: { a: 1 },
          ipam: { config: [{ subnet: "10.9.0.0/24", gateway: "10.9.0.1" }] },
        },
      },
    });
    const back = desiredOf(wire).apps[0]?.networks.find(({ name }) => name === "uuid1_back");
    expect(back?.body).toMatchObject({
      Internal: true,
      Options: { a: "1" },
      IPAM: { Driver: "default", Config: [{ Subnet: "10.9.0.0/24", Gateway: "10.9.0.1" }] },
      Labels: { "io.balena.supervised": "true", "io.balena.app-id": "1", "io.balena.private.ipam.config": "true" },
    });
  });

  it("leave the default network without use when every service is on the host's", () => {
    const hosted = desiredOf(wireOf({ services: { web: { composition: { network_mode: "host" } } } }));
    expect(hosted.apps[0]?.networks[0]?.body).toMatchObject({ Name: "uuid1_default", ConfigOnly: true });
  });
});
