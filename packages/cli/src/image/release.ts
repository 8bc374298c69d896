import { readFile } from "node:fs/promises";
import path from "node:path";
import { refuse } from "@holdfast/contracts";
import { z } from "zod";
import { repositoryRoot } from "../repository-root.ts";

const packageSchema = z.object({
  version: z.string(),
  /** The day of the release, in seconds since 1970: the time of every file in an image. */
  releaseEpoch: z.int().positive(),
});

/** Version and date of what this checkout builds, unless the command line or SOURCE_DATE_EPOCH says otherwise. */
export async function release(
  wantedVersion: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly version: string; readonly epoch: number }> {
  const text = await readFile(path.join(repositoryRoot, "package.json"), "utf8");
  const { version, releaseEpoch } = packageSchema.parse(JSON.parse(text));
  return {
    version: checkVersion(wantedVersion ?? version),
    epoch: epochFrom(env["SOURCE_DATE_EPOCH"]) ?? releaseEpoch,
  };
}

/** A version becomes part of file names and of /etc/os-release. */
function checkVersion(version: string): string {
  if (/^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]{1,40})?$/.test(version)) return version;
  return refuse("cli.usage", {
    message: `--version: "${version}" is not a version.`,
    hint: "Write three numbers, for example 1.0.0 or 1.0.0-rc.1.",
  });
}

function epochFrom(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  return refuse("cli.usage", {
    message: `SOURCE_DATE_EPOCH is "${text}", which is not a time.`,
    hint: "Set it to seconds since 1970, or unset it.",
  });
}
