/** What a device tells of a service (compat 5.3). */
export type ReportedService = {
  readonly image: string;
  readonly status: ServiceStatus;
  readonly download_progress?: number;
};

/** Status words of a service: ours as balena writes them, the engine's own in lower case (compat 4.5). */
export type ServiceStatus =
  | "Downloading"
  | "Downloaded"
  | "Installing"
  | "Installed"
  | "Running"
  | "Starting"
  | "Stopping"
  | "Handing over"
  | "Awaiting handover"
  | "Aborted"
  | "Dead"
  | "exited"
  | "paused"
  | "restarting"
  | "removing";

export type UpdateStatus = "rejected" | "aborted" | "downloading" | "downloaded" | "applying changes" | "done";

export type ReportedRelease = {
  readonly update_status: UpdateStatus;
  readonly services: Readonly<Record<string, ReportedService>>;
};

export type ReportedApp = {
  readonly release_uuid?: string;
  readonly releases: Readonly<Record<string, ReportedRelease>>;
};

/** Body of PATCH /device/v3/state, keyed by the device's uuid; a diff holds only what changed. */
export type StateReport = Readonly<
  Record<
    string,
    {
      readonly name?: string;
      readonly status?: string;
      readonly os_version?: string;
      readonly os_variant?: "dev" | "prod";
      readonly supervisor_version?: string;
      readonly provisioning_progress?: number | null;
      readonly provisioning_state?: string;
      readonly ip_address?: string;
      readonly mac_address?: string;
      readonly api_port?: number;
      readonly api_secret?: string;
      readonly logs_channel?: string | null;
      readonly memory_usage?: number | null;
      readonly memory_total?: number | null;
      readonly storage_block_device?: string | null;
      readonly storage_usage?: number | null;
      readonly storage_total?: number | null;
      readonly cpu_temp?: number | null;
      readonly cpu_usage?: number | null;
      readonly cpu_id?: string | null;
      readonly is_undervolted?: boolean | null;
      readonly apps?: Readonly<Record<string, ReportedApp>>;
    }
  >
>;
