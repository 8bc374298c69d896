import type { Provided } from "../target/unmet-requirements.ts";

/** What the device is: everything a container's definition may depend on besides its target. */
export type DeviceFacts = {
  readonly uuid: string;
  readonly name: string;
  readonly hostname: string;
  readonly deviceType: string;
  readonly arch: string;
  /** PRETTY_NAME of the host's os-release. */
  readonly osVersion: string;
  readonly boardRevision: string;
  /** Empty on an unmanaged device. */
  readonly apiEndpoint: string;
  readonly deviceApiKey: string;
  readonly listenPort: number;
  /** The engine's socket on the host. */
  readonly engineSocket: string;
  /** Host directory with one directory per service for locks (compat 4.2). */
  readonly runtimeDir: string;
  readonly hasKernelModules: boolean;
  readonly hasFirmware: boolean;
  /** Another one after each boot. */
  readonly bootId: string;
  /** What contracts may ask for. */
  readonly provided: Provided;
};

/** Gateway of the engine network `supervisor0`, where containers reach the device API. */
export const SUPERVISOR_GATEWAY = "10.114.104.1";
