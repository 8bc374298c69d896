import * as z from "zod";
import { composePort } from "./compose-port.ts";
import { composeVolume } from "./compose-volume.ts";
import { entityName, optionMap, scalarText } from "./names.ts";
import { parseDuration, parseMemory, splitCommand } from "./quantities.ts";

const number = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/, "must be a number")
    .transform(Number),
]);
const boolean = z.union([
  z.boolean(),
  z.enum(["true", "false", "yes", "no", "1", "0"]).transform((text) => ["true", "yes", "1"].includes(text)),
]);
const memory = z.union([z.string(), z.number()]).transform(parseMemory);
const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  const nanoseconds = parseDuration(value);
  if (nanoseconds !== undefined) return nanoseconds;
  context.addIssue({ code: "custom", message: `"${value}" is not a duration such as 1m30s` });
  return z.NEVER;
});
const textList = z.array(scalarText);
const oneOrMany = z.union([scalarText.transform((text) => [text]), textList]);
const command = z.union([z.string().transform(splitCommand), textList]);

const healthcheck = z.object({
  test: z.union([z.string().transform((text) => ["CMD-SHELL", text]), textList]).optional(),
  interval: duration.optional(),
  timeout: duration.optional(),
  start_period: duration.optional(),
  retries: number.optional(),
  disable: boolean.optional(),
});

const dependencyCondition = z.enum(["service_started", "service_healthy", "service_completed_successfully"]);
/** What a dependent waits for. */
export type DependencyCondition = z.infer<typeof dependencyCondition>;

const dependsOn = z.union([
  z.array(entityName).transform((names) => {
    const started: Record<string, DependencyCondition> = {};
    for (const name of names) started[name] = "service_started";
    return started;
  }),
  z.record(
    entityName,
    z
      .object({ condition: dependencyCondition.default("service_started") })
      .nullable()
      .transform((entry): DependencyCondition => entry?.condition ?? "service_started"),
  ),
]);

const networkAttachment = z.object({
  aliases: z.array(z.string()).optional(),
  ipv4_address: z.string().optional(),
  ipv6_address: z.string().optional(),
  link_local_ips: z.array(z.string()).optional(),
});
export type ComposeNetworkAttachment = z.infer<typeof networkAttachment>;

const networks = z.union([
  z.array(entityName).transform((names) => {
    const plain: Record<string, ComposeNetworkAttachment> = {};
    for (const name of names) plain[name] = {};
    return plain;
  }),
  z.record(
    entityName,
    networkAttachment.nullable().transform((entry) => entry ?? {}),
  ),
]);

const extraHosts = z.union([
  z.array(z.string()),
  z
    .record(z.string(), z.string())
    .transform((map) => Object.entries(map).map(([host, address]) => `${host}:${address}`)),
]);

const ulimits = z.record(
  z.string(),
  z.union([number.transform((limit) => ({ soft: limit, hard: limit })), z.object({ soft: number, hard: number })]),
);

/** Every compose key a service may have (compat 4.6), in canonical form: lists, bytes, nanoseconds, text maps. */
export const composeServiceSchema = z
  .object({
    cap_add: textList,
    cap_drop: textList,
    cgroup_parent: z.string(),
    command,
    cpu_quota: number,
    cpu_shares: number,
    cpus: number,
    cpuset: scalarText,
    depends_on: dependsOn,
    devices: textList,
    dns: oneOrMany,
    dns_opt: textList,
    dns_search: oneOrMany,
    domainname: z.string(),
    entrypoint: command,
    extra_hosts: extraHosts,
    group_add: textList,
    healthcheck,
    hostname: z.string().max(255),
    init: boolean,
    ipc: z.string(),
    mac_address: z.string(),
    mem_limit: memory,
    mem_reservation: memory,
    network_mode: z.string().max(300),
    networks,
    oom_kill_disable: boolean,
    oom_score_adj: number,
    pid: z.string(),
    pids_limit: number,
    ports: z.array(composePort).transform((lists) => lists.flat()),
    privileged: boolean,
    read_only: boolean,
    restart: scalarText,
    security_opt: textList,
    shm_size: memory,
    stop_grace_period: duration,
    stop_signal: scalarText,
    storage_opt: optionMap,
    sysctls: optionMap,
    tmpfs: oneOrMany,
    tty: boolean,
    ulimits,
    user: scalarText,
    userns_mode: z.string(),
    volumes: z.array(composeVolume),
    working_dir: z.string(),
  })
  .partial();
export type ComposeService = z.infer<typeof composeServiceSchema>;

/** Keys that stand in a composition and are carried elsewhere in a target state, or were resolved by the builder. */
const HANDLED_ELSEWHERE = new Set(["image", "environment", "labels", "running", "build", "contract"]);

/** Splits a raw composition into accepted keys and the names of the ignored ones; null values mean "not given". */
export function splitCompose(raw: Readonly<Record<string, unknown>>): {
  readonly accepted: Readonly<Record<string, unknown>>;
  readonly ignored: readonly string[];
} {
  const accepted: Record<string, unknown> = {};
  const ignored: string[] = [];
  for (const [key, value] of Object.entries(raw)) {
    if (HANDLED_ELSEWHERE.has(key)) continue;
    if (!Object.hasOwn(composeServiceSchema.shape, key)) ignored.push(key);
    else if (value !== null && value !== undefined) accepted[key] = value;
  }
  return { accepted, ignored: ignored.sort() };
}
