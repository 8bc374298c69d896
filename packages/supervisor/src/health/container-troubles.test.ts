import { expect, it } from "vitest";
import { ContainerTroubles } from "./container-troubles.ts";

function bench(counts: Readonly<Record<string, number>>) {
  const asked: string[] = [];
  const troubles = new ContainerTroubles();
  const look = (ids: readonly string[], now: number) =>
    troubles.look(ids, now, {
      healthRestartsOf: () => 0,
      restartsOf: async (id) => {
        asked.push(id);
        return counts[id] ?? 0;
      },
    });
  return { troubles, look, asked };
}

it("asks the engine once, and again for containers of which it heard something", async () => {
  const { troubles, look, asked } = bench({ a: 1, b: 0 });
  await look(["a", "b"], 0);
  await look(["a", "b"], 10);
  expect(asked).toEqual(["a", "b"]);
  troubles.heard("b");
  await look(["a", "b"], 20);
  expect(asked).toEqual(["a", "b", "b"]);
  troubles.missed();
  await look(["a", "b"], 30);
  expect(asked).toHaveLength(5);
});

it("counts calm from the last start: one that has just come up again is not stable", async () => {
  const { troubles, look } = bench({ a: 5 });
  await look(["a"], 0);
  await look(["a"], 1000);
  expect(troubles.of("a", 1000)).toEqual({ count: 5, calmMs: 1000 });
  troubles.heard("a");
  await look(["a"], 1100);
  expect(troubles.of("a", 1200)).toEqual({ count: 5, calmMs: 100 });
});

it("forgets containers that are not watched any more", async () => {
  const { troubles, look } = bench({ a: 5 });
  await look(["a"], 0);
  await look([], 10);
  expect(troubles.of("a", 10)).toEqual({ count: 0, calmMs: Number.POSITIVE_INFINITY });
});
