import type { ConfigFile } from "./config-facts.ts";
import type { DiskRead, FilesystemErrors, Mount, Room, Wear } from "./disk-facts.ts";
import type { Lookup, NameServer } from "./dns-facts.ts";
import type { EngineAnswer } from "./engine-facts.ts";
import type { Fact } from "./fact.ts";
import type { Heat } from "./heat-facts.ts";
import type { IoErrors, Memory } from "./kernel-facts.ts";
import type { Gateway, Link, Web } from "./network-facts.ts";
import type { DefaultRoute } from "./routes.ts";
import type { SupervisorAnswers } from "./supervisor-facts.ts";
import type { Chrony, Clock } from "./time-facts.ts";
import type { UnitStates } from "./unit-facts.ts";
import type { Tunnel } from "./vpn-facts.ts";

/** Everything that the doctor learns before it judges. */
export type Facts = {
  readonly units: Fact<UnitStates>;
  readonly failedUnits: Fact<readonly string[]>;
  readonly links: Fact<readonly Link[]>;
  readonly routes: Fact<readonly DefaultRoute[]>;
  readonly gateways: Fact<readonly Gateway[]>;
  readonly web: Fact<Web>;
  /** Whether dnsmasq answers. */
  readonly resolver: Fact<boolean>;
  readonly nameServers: Fact<readonly NameServer[]>;
  readonly lookup: Fact<Lookup>;
  readonly clock: Fact<Clock>;
  readonly chrony: Fact<Chrony>;
  readonly mounts: Fact<readonly Mount[]>;
  readonly room: Fact<readonly Room[]>;
  readonly diskReads: Fact<readonly DiskRead[]>;
  readonly filesystemErrors: Fact<readonly FilesystemErrors[]>;
  readonly ioErrors: Fact<IoErrors>;
  readonly wear: Fact<Wear>;
  readonly config: Fact<ConfigFile>;
  readonly engine: Fact<EngineAnswer>;
  readonly supervisor: Fact<SupervisorAnswers>;
  /** Whether config.json names a fleet server. */
  readonly isManaged: Fact<boolean>;
  readonly tunnel: Fact<Tunnel>;
  readonly memory: Fact<Memory>;
  readonly heat: Fact<Heat>;
};
