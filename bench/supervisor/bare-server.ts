import { type ChildProcess, spawn } from "node:child_process";

/** The least that a Node HTTP server is. */
const PROGRAM = `require("node:http").createServer((_, answer) => answer.end("OK")).listen(PORT, "127.0.0.1")`;

/** A bare Node HTTP server, with Node's defaults: what the supervisor's figures are held against. */
export class BareServer {
  readonly port: number;
  readonly #node: string;
  #process: ChildProcess | undefined;

  constructor(node: string, port: number) {
    this.#node = node;
    this.port = port;
  }

  launch(): number | undefined {
    this.#process = spawn(this.#node, ["-e", PROGRAM.replace("PORT", String(this.port))], { stdio: "ignore", env: {} });
    return this.#process.pid;
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }
}
