import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../clock.ts";
import { recordingLog, scratchDirectory } from "../testing/scratch.ts";
import { hostJournalctl, JournalSource, journalArguments } from "./journal-source.ts";
import { LogHub } from "./log-hub.ts";
import type { LogMessage, LogSource, LogStart } from "./log-message.ts";

const line = (message: string, cursor: string) =>
  JSON.stringify({ MESSAGE: message, __REALTIME_TIMESTAMP: "1000000", CONTAINER_ID_FULL: "a", __CURSOR: cursor });

/** A stand-in for journalctl that notes how it was called. */
async function journalctl(folder: string, body: string): Promise<string> {
  const path = join(folder, "journalctl");
  await writeFile(path, `#!/bin/sh\nprintf '%s\\n' "$*" >>"$0.calls"\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

const sourceIn = (folder: string, program: string) =>
  new JournalSource({
    command: [program],
    runtimeDir: folder,
    findService: () => ({ serviceId: 1, serviceName: "web", level: "all" }),
    now: () => 0,
  });

async function readAll(source: LogSource, start: LogStart): Promise<{ messages: string[]; error: unknown }> {
  const messages: string[] = [];
  try {
    for await (const { message } of source.lines(start, AbortSignal.timeout(15_000))) messages.push(message);
    return { messages, error: undefined };
  } catch (error) {
    return { messages, error };
  }
}

describe("the journal", () => {
  it("is asked for the engine's lines and some of the host's", () => {
    expect(journalArguments(undefined, "last").join(" ")).toBe(
      "--all --follow --output=json --output-fields=MESSAGE,PRIORITY,CONTAINER_ID_FULL,CONTAINER_NAME,_SYSTEMD_UNIT " +
        "--no-tail --boot _SYSTEMD_UNIT=balena.service _SYSTEMD_UNIT=os-power-mode.service " +
        "_SYSTEMD_UNIT=os-fan-profile.service _SYSTEMD_UNIT=nvpmodel.service " +
        "_SYSTEMD_UNIT=jetson-qspi-manager.service _SYSTEMD_UNIT=os-update.service",
    );
    expect(journalArguments("s=1", "last")).toContain("--after-cursor=s=1");
    expect(journalArguments("s=1", "now")).toContain("--lines=0");
    expect(journalArguments("s=1", "now").join()).not.toMatch(/cursor|no-tail/);
    expect(hostJournalctl("/mnt/root")).toEqual(["/mnt/root/usr/sbin/chroot", "/mnt/root", "/usr/bin/journalctl"]);
  });

  it("goes on after the last line, within the process and over restarts", async () => {
    await using scratch = await scratchDirectory();
    const program = await journalctl(
      scratch.path,
      `printf '%s\\n' '${line("one", "c1")}' 'no json' '${line("two", "c2")}'`,
    );
    const source = sourceIn(scratch.path, program);
    expect((await readAll(source, "last")).messages).toEqual(["one", "two"]);
    await readAll(source, "last");
    await readAll(sourceIn(scratch.path, program), "last");
    const calls = (await readFile(`${program}.calls`, "utf8")).trim().split("\n");
    expect(calls[0]).toContain("--boot");
    expect(calls[1]).toContain("--after-cursor=c2");
    expect(calls[2]).toContain("--after-cursor=c2");
  });

  it("is read from this boot's first line when the place that was kept is none", async () => {
    await using scratch = await scratchDirectory();
    const refuse = `case "$*" in *after-cursor=broken*) echo "Failed to seek" >&2; exit 1 ;; esac`;
    const program = await journalctl(scratch.path, `${refuse}; printf '%s\n' '${line("one", "c1")}'`);
    await writeFile(join(scratch.path, "log-position"), "broken");
    const source = sourceIn(scratch.path, program);
    expect((await readAll(source, "last")).error).toMatchObject({ message: "Failed to seek" });
    expect((await readAll(source, "last")).messages).toEqual(["one"]);
    expect(await readFile(join(scratch.path, "log-position"), "utf8")).toBe("c1");
  });

  it("tells why it cannot be read", async () => {
    await using scratch = await scratchDirectory();
    const failing = sourceIn(scratch.path, await journalctl(scratch.path, "echo 'no journal' >&2; exit 1"));
    expect((await readAll(failing, "last")).error).toMatchObject({ message: "no journal" });
    const missing = sourceIn(scratch.path, join(scratch.path, "none"));
    expect((await readAll(missing, "last")).error).toMatchObject({ message: expect.stringContaining("ENOENT") });
  });

  it("is let go of when nobody reads any more", async () => {
    await using scratch = await scratchDirectory();
    const source = sourceIn(
      scratch.path,
      await journalctl(scratch.path, `printf '%s\\n' '${line("one", "c1")}'; exec sleep 600`),
    );
    for await (const { message } of source.lines("last", AbortSignal.timeout(15_000))) {
      expect(message).toBe("one");
      break;
    }
    const stop = new AbortController();
    const rest: string[] = [];
    for await (const { message } of source.lines("last", stop.signal)) {
      rest.push(message);
      stop.abort();
    }
    expect(rest).toEqual(["one"]);
  });
});

describe("the hub of lines", () => {
  const message = (text: string): LogMessage => ({ message: text, timestamp: 0, serviceId: 1, serviceName: "web" });

  it("reads the source while somebody listens, and does not bring what was said while nobody did", async () => {
    const stop = new AbortController();
    const starts: LogStart[] = [];
    const source: LogSource = {
      lines: async function* (start, signal) {
        starts.push(start);
        yield message(`line ${starts.length}`);
        await systemClock.sleep(60_000, signal);
      },
    };
    const hub = new LogHub({ source, clock: systemClock, log: recordingLog() });
    const running = hub.run(stop.signal);
    const heard: string[] = [];
    const next = () =>
      new Promise<() => void>((resolve) => {
        const leave = hub.listen(({ message }) => {
          heard.push(message);
          resolve(leave);
        });
      });
    const leave = await next();
    leave();
    await systemClock.sleep(20);
    expect(starts).toEqual(["last"]);
    (await next())();
    stop.abort();
    await running;
    expect(starts).toEqual(["last", "now"]);
    expect(heard).toEqual(["line 1", "line 2"]);
  });

  it("brings messages of the supervisor, and asks a broken source again, ever less often", async () => {
    const stop = new AbortController();
    const pauses: number[] = [];
    const log = recordingLog();
    const source: LogSource = {
      // biome-ignore lint/correctness/useYield: it breaks before its first line
      lines: async function* () {
        throw new Error("no journal");
      },
    };
    const clock = {
      now: () => 5,
      sleep: async (ms: number) => {
        pauses.push(ms);
        if (pauses.length === 10) stop.abort();
      },
    };
    const hub = new LogHub({ source, clock, log });
    const heard: LogMessage[] = [];
    hub.listen((line) => void heard.push(line));
    hub.tell("Supervisor starting");
    await hub.run(stop.signal);
    expect(heard).toEqual([{ message: "Supervisor starting", timestamp: 5, isSystem: true }]);
    expect(pauses.map((ms) => ms / 1000)).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
    expect(log.lines).toHaveLength(1);
  });
});
