/** Files of system-connections: name -> NetworkManager keyfile; null means that there is none of that name. */
export type Connections = Readonly<Record<string, string | null>>;

/** What the supervisor asks of the host about the network: one file `NAME.request` each. */
export type NetworkRequest =
  | { readonly verb: "status" }
  | { readonly verb: "confirm" | "revert"; readonly id?: string }
  /** `confirmWithin`: seconds. */
  | { readonly verb: "apply"; readonly connections: Connections; readonly confirmWithin?: number };

/** What the device says of its last change; without any, `none`. */
export type NetworkStatus = {
  readonly status: "none" | "trying" | "confirmed" | "reverted";
  readonly id?: string;
  readonly connections?: readonly string[];
  readonly secondsLeft?: number;
  readonly reason?: string;
};

/** The host's answer, in `NAME.answer`. */
export type NetworkAnswer =
  | ({ readonly ok: true } & NetworkStatus)
  | { readonly ok: false; readonly code: string; readonly message: string };
