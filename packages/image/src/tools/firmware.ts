import type { Architecture } from "@holdfast/contracts";

/** A UEFI firmware of the tools tree: paths inside, given to QEMU as the two pflash drives. */
export type Firmware = {
  /** Read-only, raw. */
  readonly code: string;
  /** Template of the variable store, raw; each device has its own copy. */
  readonly variables: string;
};

/** Without secure boot, which devices of the board run by default. */
export const firmware: Readonly<Record<Architecture, Firmware>> = {
  amd64: { code: "/usr/share/OVMF/OVMF_CODE_4M.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.fd" },
  arm64: { code: "/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd", variables: "/usr/share/AAVMF/AAVMF_VARS.fd" },
};

/**
 * With secure boot: enforced once a platform key is enrolled (virt-fw-vars), off with the empty variables named here. The
 * amd64 one needs system management mode: `-machine q35,smm=on -global driver=cfi.pflash01,property=secure,value=on`.
 */
export const secureBootFirmware: Readonly<Record<Architecture, Firmware>> = {
  amd64: { code: "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.fd" },
  arm64: { code: "/usr/share/AAVMF/AAVMF_CODE.secboot.fd", variables: "/usr/share/AAVMF/AAVMF_VARS.fd" },
};
