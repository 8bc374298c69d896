import { once } from "node:events";
import { createServer } from "node:net";

/** The wanted port of 127.0.0.1 if nobody listens there, else 0: any free one. */
export async function choosePort(wanted: number): Promise<number> {
  const server = createServer();
  const listening = once(server, "listening").then(
    () => true,
    () => false,
  );
  server.listen(wanted, "127.0.0.1");
  if (!(await listening)) return 0;
  server.close();
  await once(server, "close");
  return wanted;
}
