/** Body of the engine's POST /containers/create (API 1.41), as far as a composition can fill it. */
export type ContainerBody = {
  readonly Image: string;
  readonly Env: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly Tty: boolean;
  readonly StopSignal: string;
  readonly StopTimeout: number;
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Hostname?: string;
  readonly Domainname?: string;
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly MacAddress?: string;
  readonly Healthcheck?: Healthcheck;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly HostConfig: HostConfig;
  readonly NetworkingConfig?: { readonly EndpointsConfig: Readonly<Record<string, Endpoint>> };
};

export type Healthcheck = {
  readonly Test?: readonly string[];
  /** Nanoseconds; 0 inherits from the image. */
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly Retries?: number;
};

export type HostConfig = {
  readonly NetworkMode: string;
  readonly RestartPolicy: { readonly Name: string; readonly MaximumRetryCount: number };
  readonly IpcMode: string;
  readonly ShmSize: number;
  readonly Binds: readonly string[];
  readonly Mounts?: readonly TmpfsMount[];
  readonly Tmpfs?: Readonly<Record<string, string>>;
  readonly PortBindings?: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>>;
  readonly Devices?: readonly Device[];
  readonly DeviceRequests?: readonly object[];
  readonly Ulimits?: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  readonly [field: string]: unknown;
};

export type Device = {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  readonly CgroupPermissions: string;
};

export type TmpfsMount = {
  readonly Type: "tmpfs";
  readonly Target: string;
  readonly TmpfsOptions: { readonly SizeBytes?: number; readonly Mode?: number };
};

/** How a container joins one network. */
export type Endpoint = {
  readonly Aliases?: readonly string[];
  readonly IPAMConfig?: {
    readonly IPv4Address?: string;
    readonly IPv6Address?: string;
    readonly LinkLocalIPs?: readonly string[];
  };
};

/** Body of POST /networks/create. */
export type NetworkBody = {
  readonly Name: string;
  readonly CheckDuplicate: true;
  readonly Driver: string;
  readonly Internal: boolean;
  readonly EnableIPv6: boolean;
  readonly ConfigOnly: boolean;
  readonly IPAM: {
    readonly Driver: string;
    readonly Config: readonly Readonly<Record<string, unknown>>[];
    readonly Options: Readonly<Record<string, string>>;
  };
  readonly Options: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
};

/** Body of POST /volumes/create. */
export type VolumeBody = {
  readonly Name: string;
  readonly Driver: string;
  readonly DriverOpts: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
};
