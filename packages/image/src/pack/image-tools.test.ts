import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { imageTools } from "./image-tools.ts";

const tools = imageTools((argv) => argv, 123);

test("gives programs the epoch and a fixed time zone, whatever the caller's are", async () => {
  const { stdout } = await tools.run(["sh", "-c", "echo $SOURCE_DATE_EPOCH $TZ $LC_ALL"]);
  expect(stdout).toBe("123 UTC C.UTF-8\n");
});

test("fails with the input's error when the input fails, and stops the program", async () => {
  const input = Readable.from(
    (function* () {
      yield Buffer.from("a");
      throw new Error("the cache vanished");
    })(),
  );
  await expect(tools.run(["cat"], { input })).rejects.toThrow("the cache vanished");
});
