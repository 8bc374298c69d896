import { type Bytes, bytes, refuse } from "@holdfast/contracts";

const FACTORS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/**
 * `8G`, `1536M`: whole numbers with the binary units K, M, G, T.
 * @throws `cli.usage`
 */
export function parseSize(option: string, text: string): Bytes {
  const [, digits, unit] = /^(\d{1,9})([KMGT]?)i?B?$/i.exec(text) ?? [];
  const factor = FACTORS[unit?.toUpperCase() ?? "-"];
  if (digits === undefined || factor === undefined || Number(digits) === 0) {
    refuse("cli.usage", { message: `--${option}: "${text}" is not a size.`, hint: "Write for example 8G or 1536M." });
  }
  return bytes(Number(digits) * factor);
}

/**
 * A whole number from 1 to 99.
 * @throws `cli.usage`
 */
export function parseCount(option: string, text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  return refuse("cli.usage", {
    message: `--${option}: "${text}" is not a number from 1 to 99.`,
    hint: `Write for example --${option} 2.`,
  });
}
