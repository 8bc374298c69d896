import type { IncomingMessage, ServerResponse } from "node:http";
import { createGunzip } from "node:zlib";
import { FleetServer } from "./fleet-server.ts";

export type ReportedDevice = {
  readonly api_secret?: string;
  readonly apps?: Readonly<
    Record<
      string,
      {
        readonly release_uuid?: string;
        readonly releases: Readonly<
          Record<
            string,
            { readonly update_status: string; readonly services: Readonly<Record<string, { status: string }>> }
          >
        >;
      }
    >
  >;
};
export type LogLine = {
  readonly message: string;
  readonly serviceId?: number;
  readonly isSystem?: boolean;
  readonly isStdErr?: boolean;
};
/** Answers instead of the fleet; false when it leaves that to the fleet. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A device in the fleet. */
type Device = { readonly id: number; key: string };

/**
 * The device-facing side of a fleet server, as devices see one: registration with keys, a target with its etag, reports
 * merged as they come, streams of logs unpacked, tags. Every request passes the fault of the moment first.
 */
export class FakeFleet implements AsyncDisposable {
  /** Of whoever may register. */
  readonly provisioningKey = "provisioning-key";
  readonly devices = new Map<string, Device>();
  /** What devices have told, merged. */
  readonly reported = new Map<string, ReportedDevice>();
  readonly lines: LogLine[] = [];
  readonly tags = new Map<string, string>();
  /** Bodies of what was changed in the server's data model, by path. */
  readonly changes: { readonly path: string; readonly body: Record<string, unknown> }[] = [];
  /** Status of each answer about the target. */
  readonly polls: number[] = [];
  fault: Fault = () => false;
  #target: unknown;
  #version = 0;
  readonly #server: FleetServer;
  /** The endpoint of its devices. */
  readonly url: string;

  private constructor(server: FleetServer, scheme: "http" | "https") {
    this.#server = server;
    this.url = `${scheme}://127.0.0.1:${server.port}`;
  }

  /** With a certificate it speaks TLS, else not. */
  static async start(tls?: { readonly key: string; readonly cert: string }): Promise<FakeFleet> {
    const server = await FleetServer.start((_, response) => response.writeHead(503).end(), tls);
    const fleet = new FakeFleet(server, tls === undefined ? "http" : "https");
    server.answer = (request, response) => {
      if (fleet.fault(request, response) === false) void fleet.#answer(request, response);
    };
    return fleet;
  }

  /** What all devices of the fleet should be from now on. */
  want(target: unknown): void {
    this.#target = target;
    this.#version += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(request.url?.split("?")[0] ?? "");
    const key = (request.headers.authorization ?? "").replace("Bearer ", "");
    const send = (status: number, body: unknown = {}): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (path === "/device/register") {
      const { status, ...made } = this.#register(await bodyOf(request), key);
      return send(status, made);
    }
    const uuid = /[0-9a-f]{32}/.exec(path)?.[0] ?? [...this.devices.keys()][0] ?? "";
    const device = this.devices.get(uuid);
    if (device === undefined || ![device.key, this.provisioningKey].includes(key)) return send(401);
    if (path.endsWith("/log-stream")) return this.#takeLogs(request, response);
    if (path === `/device/v3/${uuid}/state`) return this.#sendTarget(request, response, uuid);
    if (request.method === "GET") return this.#sendRows(path, device, send);
    this.#take(path, uuid, await bodyOf(request));
    send(200);
  }

  #register(body: Record<string, unknown>, key: string): { readonly status: number; readonly id?: number } {
    const uuid = String(body["uuid"]);
    if (key !== this.provisioningKey) return { status: 401 };
    if (this.devices.has(uuid)) return { status: 409 };
    const device = { id: 7 + this.devices.size, key: String(body["api_key"]) };
    this.devices.set(uuid, device);
    return { status: 201, id: device.id };
  }

  #sendTarget(request: IncomingMessage, response: ServerResponse, uuid: string): void {
    const etag = `"${this.#version}"`;
    const status = request.headers["if-none-match"] === etag ? 304 : 200;
    this.polls.push(status);
    response.writeHead(status, { etag }).end(status === 304 ? "" : JSON.stringify({ [uuid]: this.#target }));
  }

  #sendRows(path: string, device: Device, send: (status: number, body?: unknown) => void): void {
    const tags = [...this.tags].map(([tag_key, value], at) => ({ id: at + 1, tag_key, value }));
    send(200, { d: path === "/v7/device_tag" ? tags : [{ id: device.id }] });
  }

  #take(path: string, uuid: string, body: Record<string, unknown>): void {
    const ofDevice = body[uuid] as Record<string, string> | undefined;
    if (path === "/device/v3/state") this.reported.set(uuid, { ...this.reported.get(uuid), ...ofDevice });
    else if (path === "/device/v3/tags")
      for (const [tag, value] of Object.entries(ofDevice ?? {})) this.tags.set(tag, value);
    else this.changes.push({ path, body });
  }

  #takeLogs(request: IncomingMessage, response: ServerResponse): void {
    const unpacked = request.pipe(createGunzip());
    let rest = "";
    unpacked.on("data", (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) this.lines.push(JSON.parse(part) as LogLine);
    });
    // A stream that breaks off ends for both sides.
    request.on("error", () => unpacked.destroy());
    unpacked.on("error", () => undefined);
    unpacked.on("end", () => response.writeHead(201).end());
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString() || "{}") as Record<string, unknown>;
}
