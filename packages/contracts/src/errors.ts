import { cliErrors } from "./errors/cli.ts";
import { hostErrors } from "./errors/host.ts";
import { imageErrors } from "./errors/image.ts";
import { storageErrors } from "./errors/storage.ts";
import { supervisorErrors } from "./errors/supervisor.ts";
import { vmErrors } from "./errors/vm.ts";

/**
 * Every error code an operator can meet, `area.reason` -> what it means. The table in docs/errors.md is generated from
 * this, and `HoldfastError` takes no other code.
 */
export const errorCodes = {
  ...cliErrors,
  ...hostErrors,
  ...imageErrors,
  ...storageErrors,
  ...supervisorErrors,
  ...vmErrors,
} as const;
export type ErrorCode = keyof typeof errorCodes;

/** `refusal`: the caller asked for what cannot be; tell them. `world`: something outside failed; a retry may help. */
export type ErrorFamily = "refusal" | "world";

export type ErrorDetails = {
  /** One sentence: what happened, with names and figures. */
  readonly message: string;
  /** One sentence: what to do next. */
  readonly hint?: string;
  readonly cause?: unknown;
};

/** An error for the operator. Anything else that is thrown is our bug and crashes with its stack. */
export class HoldfastError extends Error {
  readonly code: ErrorCode;
  readonly family: ErrorFamily;
  readonly hint: string | undefined;

  constructor(family: ErrorFamily, code: ErrorCode, details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "HoldfastError";
    this.family = family;
    this.code = code;
    this.hint = details.hint;
  }
}

/** Throws a refusal: the input or the situation does not allow what was asked. Never retried. */
export function refuse(code: ErrorCode, details: ErrorDetails): never {
  throw new HoldfastError("refusal", code, details);
}

/** Makes (does not throw) an error of the world: network, disk, another process. The caller decides about retrying. */
export function worldError(code: ErrorCode, details: ErrorDetails): HoldfastError {
  return new HoldfastError("world", code, details);
}

/** The message of anything thrown, for logs and causes. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
