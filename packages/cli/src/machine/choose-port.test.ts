import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, it } from "vitest";
import { choosePort } from "./choose-port.ts";

it("keeps a free port and gives up a taken one", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(await choosePort(port)).toBe(0);
  server.close();
  await once(server, "close");
  expect(await choosePort(port)).toBe(port);
});
