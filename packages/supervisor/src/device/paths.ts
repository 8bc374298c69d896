import * as z from "zod";

const DEFAULT_PORT = 48_484;
const port = z.coerce.number().int().min(1).max(65_535);

/** Where the supervisor finds things, from its environment; the defaults are the device's. */
const environmentSchema = z
  .object({
    LISTEN_PORT: port.optional().catch(undefined),
    LISTEN_ADDRESS: z.string().optional(),
    DOCKER_SOCKET: z.string().default("/var/run/balena-engine.sock"),
    CONFIG_JSON_PATH: z.string().default("/mnt/boot/config.json"),
    DEVICE_TYPE_PATH: z.string().default("/mnt/boot/device-type.json"),
    APPS_JSON_PATH: z.string().default("/mnt/data/apps.json"),
    OS_RELEASE_PATH: z.string().default("/mnt/root/etc/os-release"),
    ROOT_MOUNTPOINT: z.string().default("/mnt/root"),
    DATA_DIR: z.string().default("/data"),
    RUNTIME_DIR: z.string().default("/tmp/balena-supervisor"),
    DEVELOPMENT_FLAG_PATH: z.string().default("/mnt/root/run/holdfast/development"),
    HOST_CONFIG_DIR: z.string().default("/mnt/state/root-overlay/etc/balena-supervisor"),
    VPN_DIR: z.string().default("/mnt/state/root-overlay/etc/openvpn"),
    ENGINE_GATEWAY_PORT: port.default(2375),
    DATA_MOUNTPOINT: z.string().default("/mnt/data"),
    STATE_MOUNTPOINT: z.string().default("/mnt/state"),
    /** Stands for the host's journalctl, in tests. */
    JOURNALCTL: z.string().optional(),
    DBUS_SOCKET: z.string().default("/run/dbus/system_bus_socket"),
    SUPERVISOR_VERSION: z.string().optional(),
    SUPERVISOR_IMAGE: z.string().optional(),
    SUPERVISOR_SLOT_IMAGE: z.string().optional(),
  })
  .transform((env) => ({
    listenPort: env.LISTEN_PORT,
    listenAddress: env.LISTEN_ADDRESS,
    engineSocket: env.DOCKER_SOCKET,
    configJson: env.CONFIG_JSON_PATH,
    deviceType: env.DEVICE_TYPE_PATH,
    appsJson: env.APPS_JSON_PATH,
    osRelease: env.OS_RELEASE_PATH,
    rootMount: env.ROOT_MOUNTPOINT,
    dataDir: env.DATA_DIR,
    runtimeDir: env.RUNTIME_DIR,
    developmentFlag: env.DEVELOPMENT_FLAG_PATH,
    hostConfigDir: env.HOST_CONFIG_DIR,
    vpnDir: env.VPN_DIR,
    gatewayPort: env.ENGINE_GATEWAY_PORT,
    dataMount: env.DATA_MOUNTPOINT,
    stateDir: env.STATE_MOUNTPOINT,
    journalctl: env.JOURNALCTL,
    busSocket: env.DBUS_SOCKET,
    version: env.SUPERVISOR_VERSION,
    ownImage: env.SUPERVISOR_IMAGE,
    slotImage: env.SUPERVISOR_SLOT_IMAGE,
  }));
export type Paths = z.infer<typeof environmentSchema>;

/** Reads the process's environment; a malformed port falls back to the one of config.json. */
export function readPaths(environment: Readonly<Record<string, string | undefined>>): Paths {
  return environmentSchema.parse(environment);
}

/** The port for the device API: the environment's, else config.json's, else balena's. */
export function listenPort(paths: Paths, configured: number | undefined): number {
  return paths.listenPort ?? configured ?? DEFAULT_PORT;
}
