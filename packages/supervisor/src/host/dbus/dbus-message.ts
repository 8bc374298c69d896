/** A call of a method, as far as the supervisor needs them: arguments are texts and yes or no. */
export type DbusCall = {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly arguments?: readonly (string | boolean)[];
};

/** What an answer says. */
export type DbusAnswer = {
  readonly replyTo: number;
  readonly error?: { readonly name: string; readonly message: string };
};

const CALL = 1;
const ERROR = 3;
const VERSION = 1;
/** Header: byte order, kind, flags, version, length of the body, serial, length of the fields. */
const FIXED_HEADER = 16;
const FIELD = { path: 1, interface: 2, member: 3, error: 4, replyTo: 5, destination: 6, signature: 8 } as const;
/** The bus's own limit is 128 MiB; what answers a call of ours fits a packet. */
const MAX_MESSAGE = 64 * 1024;

/** Builds the wire form (D-Bus specification, "Message Protocol"), little endian: each value on a multiple of its size. */
class Writer {
  readonly #bytes: number[] = [];

  align(size: number): void {
    while (this.#bytes.length % size !== 0) this.#bytes.push(0);
  }
  byte(value: number): void {
    this.#bytes.push(value);
  }
  uint32(value: number): void {
    this.align(4);
    for (const shift of [0, 8, 16, 24]) this.#bytes.push((value >>> shift) & 0xff);
  }
  text(value: string): void {
    const content = Buffer.from(value);
    this.uint32(content.length);
    this.#bytes.push(...content, 0);
  }
  signature(value: string): void {
    this.#bytes.push(value.length, ...Buffer.from(value), 0);
  }
  field(code: number, type: "s" | "o" | "g", value: string): void {
    this.align(8);
    this.byte(code);
    this.signature(type);
    if (type === "g") this.signature(value);
    else this.text(value);
  }
  buffer(): Buffer {
    return Buffer.from(this.#bytes);
  }
}

/** The bytes of a call. Pure. */
export function encodeCall(call: DbusCall, serial: number): Buffer {
  const values = call.arguments ?? [];
  const body = new Writer();
  for (const value of values) {
    if (typeof value === "string") body.text(value);
    else body.uint32(value ? 1 : 0);
  }
  const fields = new Writer();
  fields.field(FIELD.path, "o", call.path);
  fields.field(FIELD.interface, "s", call.interface);
  fields.field(FIELD.member, "s", call.member);
  fields.field(FIELD.destination, "s", call.destination);
  if (values.length > 0) {
    fields.field(FIELD.signature, "g", values.map((value) => (typeof value === "string" ? "s" : "b")).join(""));
  }
  const header = new Writer();
  for (const byte of ["l".charCodeAt(0), CALL, 0, VERSION]) header.byte(byte);
  header.uint32(body.buffer().length);
  header.uint32(serial);
  header.uint32(fields.buffer().length);
  const padding = Buffer.alloc((8 - (fields.buffer().length % 8)) % 8);
  return Buffer.concat([header.buffer(), fields.buffer(), padding, body.buffer()]);
}

/** Takes the first whole message off a stream's bytes; undefined when there is none yet. @throws on what is no D-Bus */
export function decodeMessage(bytes: Buffer): { readonly answer: DbusAnswer; readonly length: number } | undefined {
  if (bytes.length < FIXED_HEADER) return undefined;
  if (bytes[0] !== "l".charCodeAt(0)) throw new Error("the bus answers in an unknown byte order");
  const fieldsEnd = FIXED_HEADER + bytes.readUInt32LE(12);
  const bodyStart = Math.ceil(fieldsEnd / 8) * 8;
  const length = bodyStart + bytes.readUInt32LE(4);
  if (length > MAX_MESSAGE) throw new Error(`the bus sends a message of ${length} bytes`);
  if (bytes.length < length) return undefined;
  const fields = readFields(bytes.subarray(0, fieldsEnd));
  const replyTo = Number(fields.get(FIELD.replyTo) ?? 0);
  if (bytes[1] !== ERROR) return { answer: { replyTo }, length };
  const name = String(fields.get(FIELD.error) ?? "");
  const hasText = String(fields.get(FIELD.signature) ?? "").startsWith("s");
  const message = hasText ? readText(bytes, bodyStart).value : name;
  return { answer: { replyTo, error: { name, message } }, length };
}

function readFields(header: Buffer): Map<number, string | number> {
  const fields = new Map<number, string | number>();
  for (let at = FIXED_HEADER; at < header.length; ) {
    at = Math.ceil(at / 8) * 8;
    const code = header.readUInt8(at);
    const type = String.fromCharCode(header.readUInt8(at + 2));
    // Code, then the type as a signature: its length 1, the type, a zero.
    at += 4;
    if (type === "u") {
      fields.set(code, header.readUInt32LE(at));
      at += 4;
    } else if (type === "g") {
      const size = header.readUInt8(at);
      fields.set(code, header.toString("utf8", at + 1, at + 1 + size));
      at += size + 2;
    } else {
      const text = readText(header, at);
      fields.set(code, text.value);
      at = text.end;
    }
  }
  return fields;
}

function readText(bytes: Buffer, at: number): { readonly value: string; readonly end: number } {
  const size = bytes.readUInt32LE(at);
  return { value: bytes.toString("utf8", at + 4, at + 4 + size), end: at + 4 + size + 1 };
}
