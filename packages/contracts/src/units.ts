/** Branded scalars: a number or string with a unit cannot be passed where another unit is meant. */
declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

export type Bytes = Brand<number, "Bytes">;
export type Millis = Brand<number, "Millis">;
/** Lower-case hex, 64 characters, no `sha256:` prefix. */
export type Sha256 = Brand<string, "Sha256">;
/** 32 (or, historically, 62) lower-case hex characters. */
export type DeviceUuid = Brand<string, "DeviceUuid">;

export const bytes = (n: number): Bytes => n as Bytes;
export const kib = (n: number): Bytes => (n * 1024) as Bytes;
export const mib = (n: number): Bytes => (n * 1024 * 1024) as Bytes;
export const millis = (n: number): Millis => n as Millis;
export const seconds = (n: number): Millis => (n * 1000) as Millis;
export const minutes = (n: number): Millis => (n * 60_000) as Millis;

const SHA256 = /^[0-9a-f]{64}$/;
/** Brands a digest; accepts an optional `sha256:` prefix. Throws a TypeError (our bug) for anything else. */
export function sha256(hex: string): Sha256 {
  const bare = hex.startsWith("sha256:") ? hex.slice(7) : hex;
  if (!SHA256.test(bare)) throw new TypeError(`not a SHA-256 digest: ${hex.slice(0, 80)}`);
  return bare as Sha256;
}
