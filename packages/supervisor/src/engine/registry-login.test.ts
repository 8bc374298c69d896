import { expect, it } from "vitest";
import { RegistryLogin } from "./registry-login.ts";

const login = (apiEndpoint: string, reference: string) => {
  const logins = new RegistryLogin();
  logins.know({ apiEndpoint, uuid: "abc", deviceApiKey: "key" });
  const header = logins.headerFor(reference);
  return header === undefined ? undefined : JSON.parse(Buffer.from(header, "base64url").toString());
};

it.each([
  ["https://api.fleet.example", "registry2.fleet.example/v2/abc@sha256:1", "registry2.fleet.example"],
  ["https://fleet.example/x", "registry.fleet.example:5000/a/b:1", "registry.fleet.example:5000"],
  ["http://10.0.2.2:8080", "10.0.2.2:5000/a", "10.0.2.2:5000"],
])("logs in at the registry of the fleet of %s: %s", (endpoint, reference, serveraddress) => {
  expect(login(endpoint, reference)).toEqual({ username: "d_abc", password: "key", serveraddress });
});

it.each([
  ["https://api.fleet.example", "nginx:1"],
  ["https://api.fleet.example", "library/nginx"],
  ["https://api.fleet.example", "ghcr.example/a/b"],
  ["https://api.fleet.example", "notfleet.example/a"],
  ["https://fleet.example", "other.example/a"],
  ["http://10.0.2.2", "9.0.2.2/a"],
  ["", "registry.fleet.example/a"],
])("gives no key of a device of %s for %s", (endpoint, reference) => {
  expect(login(endpoint, reference)).toBeUndefined();
});

it("is padded, in the alphabet for addresses", () => {
  for (const uuid of ["a", "ab", "abc", "ü?>"]) {
    const logins = new RegistryLogin();
    logins.know({ apiEndpoint: "https://fleet.example", uuid, deviceApiKey: "~~~???" });
    const header = logins.headerFor("registry.fleet.example/a") ?? "";
    expect(header).toMatch(/^[\w-]+=*$/);
    expect(header.length % 4).toBe(0);
  }
});

it("knows nothing before it is told", () => {
  expect(new RegistryLogin().headerFor("registry.fleet.example/a")).toBeUndefined();
});
