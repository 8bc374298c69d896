import { expect, it } from "vitest";
import { SerialQueue } from "./serial-queue.ts";

it("does one thing after the other, also after one that failed", async () => {
  const queue = new SerialQueue();
  const seen: string[] = [];
  const work = (name: string) => async (): Promise<string> => {
    seen.push(`begin ${name}`);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`end ${name}`);
    if (name === "bad") throw new Error("bad");
    return name;
  };
  const answers = await Promise.allSettled([queue.run(work("a")), queue.run(work("bad")), queue.run(work("c"))]);
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(seen).toEqual(["begin a", "end a", "begin bad", "end bad", "begin c", "end c"]);
});
