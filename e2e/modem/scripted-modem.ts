import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { answerTo, type SimCard } from "./at-commands.ts";

/** PPP ends a link with this code in the Link Control Protocol, behind an escaped header (RFC 1661, RFC 1662). */
const TERMINATE_ACK = Buffer.from([0xc0, 0x21, 0x7d, 0x26]);

export type ModemLines = { readonly modem: string; readonly mobile: string; readonly card: SimCard };

/**
 * A modem on a serial line of a virtual device: it answers AT commands, and once it is dialled it passes bytes on to the
 * line on which the mobile network answers, until that ends the call.
 */
export class ScriptedModem implements Disposable {
  /** Every command, without its AT, in the order of arrival. */
  readonly commands: string[] = [];
  readonly #line: Socket;
  readonly #network: Socket;
  readonly #card: SimCard;
  #pending = "";
  #isConnected = false;

  private constructor(line: Socket, network: Socket, card: SimCard) {
    this.#line = line;
    this.#network = network;
    this.#card = card;
    line.on("data", (bytes: Buffer) => this.#fromDevice(bytes));
    network.on("data", (bytes: Buffer) => this.#fromNetwork(bytes));
    // The device goes with its test.
    for (const socket of [line, network]) socket.on("error", () => {});
  }

  static async plug({ modem, mobile, card }: ModemLines): Promise<ScriptedModem> {
    const [line, network] = [connect(modem), connect(mobile)];
    await Promise.all([once(line, "connect"), once(network, "connect")]);
    return new ScriptedModem(line, network, card);
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** The network drops the call. */
  hangUp(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#line.write("\r\nNO CARRIER\r\n");
  }

  #fromDevice(bytes: Buffer): void {
    if (this.#isConnected) {
      this.#network.write(bytes);
      return;
    }
    this.#pending += bytes.toString("latin1");
    for (let end = this.#pending.search(/[\r\n]/); end >= 0; end = this.#pending.search(/[\r\n]/)) {
      const line = this.#pending.slice(0, end).trim();
      this.#pending = this.#pending.slice(end + 1);
      const at = /AT(.*)$/i.exec(line);
      if (at !== null) this.#obey(at[1] ?? "");
    }
    // What is no command, as remains of a former call, must not pile up.
    this.#pending = this.#pending.slice(-500);
  }

  #obey(command: string): void {
    this.commands.push(command);
    const answer = command === "" ? [] : answerTo(command.trim(), this.#card);
    if (answer === "ERROR") {
      this.#line.write("\r\nERROR\r\n");
      return;
    }
    if (answer === "CONNECT") {
      this.#isConnected = true;
      this.#pending = "";
      this.#line.write("\r\nCONNECT 115200\r\n");
      return;
    }
    this.#line.write(`${answer.map((line) => `\r\n${line}\r\n`).join("")}\r\nOK\r\n`);
  }

  #fromNetwork(bytes: Buffer): void {
    if (!this.#isConnected) return;
    this.#line.write(bytes);
    if (bytes.includes(TERMINATE_ACK)) this.hangUp();
  }

  [Symbol.dispose](): void {
    this.#line.destroy();
    this.#network.destroy();
  }
}
