/** One line of a service, of a unit of the host, or of the supervisor itself (compat 9). */
export type LogMessage = {
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly isStdErr?: true;
  /** Not of a service. */
  readonly isSystem?: true;
  /** The fleet's number for the service; every line of a service has it. */
  readonly serviceId?: number;
  readonly serviceName?: string;
};

/** From where a source is read: after the last line of its former reader, or what comes from now on. */
export type LogStart = "last" | "now";

/** Where lines come from. It may end or throw at any time: the reader asks again after a pause. */
export interface LogSource {
  readonly lines: (start: LogStart, signal: AbortSignal) => AsyncIterable<LogMessage>;
}
