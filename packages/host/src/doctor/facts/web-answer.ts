import { parseHttpDate } from "../../clock/timestamp.ts";

/** What came of asking the connectivity address. */
export type WebAnswer =
  | { readonly kind: "expected"; readonly date: number | undefined }
  /** Somebody else answered: a sign-in page, or a proxy. */
  | { readonly kind: "unexpected"; readonly status: number }
  | { readonly kind: "none"; readonly reason: string };

/** Exit statuses of curl (its manual) in words. */
const curlReasons: Readonly<Record<number, string>> = {
  5: "the proxy's name is not found",
  6: "its name is not found",
  7: "the connection is refused",
  28: "it does not answer in time",
  35: "TLS cannot be agreed on",
  52: "it answers nothing",
  56: "the connection breaks off",
  60: "its certificate is not trusted, or the clock is wrong",
};
/** Its answer was longer than we wanted, which is an answer. */
const TOO_LONG = 63;

/**
 * What curl's status and output (head and body) say. The device's own rule: status 204, or 200 with a body that begins as
 * configured. Pure.
 */
export function readWebAnswer(status: number, output: string, response: string): WebAnswer {
  if (status !== 0 && status !== TOO_LONG)
    return { kind: "none", reason: curlReasons[status] ?? `curl ended with status ${status}` };
  const [, head = "", body = ""] = /^(.*?)\r?\n\r?\n(.*)$/s.exec(output) ?? [];
  const code = Number(/^HTTP\/[\d.]+ (\d{3})\b/.exec(head)?.[1] ?? 0);
  const isExpected = response === "" ? code === 204 : code === 204 || (code === 200 && body.startsWith(response));
  if (!isExpected) return { kind: "unexpected", status: code };
  const date = /^date:(.*)$/im.exec(head)?.[1];
  return { kind: "expected", date: date === undefined ? undefined : parseHttpDate(date) };
}
