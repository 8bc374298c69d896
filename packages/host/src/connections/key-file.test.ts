import fc from "fast-check";
import { expect, it } from "vitest";
import { parseKeyFile, unescapeValue } from "./key-file.ts";

const read = (text: string): Record<string, Record<string, string>> =>
  Object.fromEntries(
    [...parseKeyFile(text).groups].map(([name, { keys }]) => [
      name,
      Object.fromEntries([...keys.values()].map(({ key, value }) => [key, value])),
    ]),
  );
const faults = (text: string): string[] => parseKeyFile(text).faults.map(({ line, reason }) => `${line}: ${reason}`);

it("reads groups, keys and comments as GLib does", () => {
  const text = "# by hand\n[connection]\n id = home \n\n[wifi]  \r\nssid=a=b\r\n[connection]\nid=last\n\ttype=wifi\n";
  expect(read(text)).toEqual({ connection: { id: "last", type: "wifi" }, wifi: { ssid: "a=b" } });
  expect(faults(text)).toEqual([]);
  // Blanks before a value go, those behind it stay.
  expect(read("[a]\nb=  c  ")).toEqual({ a: { b: "c  " } });
});

it("names the line of what is no key file, without what stands there", () => {
  expect(faults("id=x\n[connection")).toEqual([
    "1: a key before the first [group]",
    "2: not a group: expected [name] and nothing behind it",
  ]);
  expect(faults("[wifi-security]\n\npsk hunter2\n;old")).toEqual([
    "3: neither key=value, nor [group], nor a comment that begins with #",
    "4: comments begin with #",
  ]);
  expect(faults("[a]\n=b\nc[=d\ne[de]=f")).toHaveLength(2);
});

it("undoes escapes, and knows the unknown ones", () => {
  expect(unescapeValue("a\\sb\\\\c\\n")).toBe("a b\\c\n");
  expect(unescapeValue("a\\qb")).toBeUndefined();
  expect(unescapeValue("end\\")).toBeUndefined();
});

it("never fails, and loses no line of any text", () => {
  const line = fc.oneof(fc.string(), fc.constantFrom("[a]", "b=c", "# d", "", "[e", "=f"));
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const text = lines.join("\n");
      const { faults: found } = parseKeyFile(text);
      for (const { line: at } of found) expect(at).toBeLessThanOrEqual(text.split("\n").length);
    }),
  );
});
