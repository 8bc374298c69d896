import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { QuickJs } from "./host/quickjs.ts";
import { listenOnLoopback } from "./machine/listen-on-loopback.ts";
import { NameServer } from "./neighbour/name-server.ts";

// The unit tests run the programs' logic under Node; QuickJS differs in what it lacks and in its bugs.
let js: QuickJs;

beforeAll(async () => {
  js = await QuickJs.prepare();
});

afterAll(async () => {
  await js[Symbol.asyncDispose]();
});

describe("host programs under the device's QuickJS", () => {
  it("each loads and ends by itself on a device that has nothing", () => {
    // find-root waits 30 s for a disk and watch-engine needs its unit: they have tests of their own.
    for (const name of js.programs.filter((program) => program !== "find-root")) {
      const { output } = js.device(`host ${name} || true`);
      expect(output, name).not.toMatch(/SyntaxError|ReferenceError|TypeError|not a function/);
    }
  });

  it("renders config.json, gives the device a uuid once, and survives a lost file", () => {
    const { status, output } = js.device(`
      echo '{"deviceType":"generic-amd64","developmentMode":true}' > /mnt/boot/config.json
      host render-config boot
      cp /mnt/boot/config.json /tmp/first.$$
      rm /mnt/boot/config.json
      host render-config boot
      cmp /tmp/first.$$ /mnt/boot/config.json; rm /tmp/first.$$
      cat /run/holdfast/development
      test "$(cat /proc/sys/kernel/hostname)" = "$(cat /mnt/state/root-overlay/etc/hostname)"
      stat -c %a /mnt/state/config.json`);
    expect(output).toMatch(/made this device's uuid: [0-9a-f]{32}/);
    expect(output).toContain("restored the last good copy");
    expect(output).toContain("SSHD_OPTS=-f /etc/ssh/sshd_config_development");
    expect(output).toMatch(/600\n/);
    expect(status).toBe(0);
  });

  it("says where config.json goes wrong, without what stands there, and waits for one that is being written", () => {
    const { status, output } = js.device(`
      echo '{"uuid":"0123456789abcdef0123456789abcdef"}' > /mnt/boot/config.json
      host render-config boot
      printf '{\\n  "hostname": "pump",\\n  "apiKey": "hunter2\\n"}' > /mnt/boot/config.json
      host render-config change && exit 9
      printf '{"uuid":"0123456789abcdef0123456789abcdef",' > /mnt/boot/config.json
      (sleep 1; printf '"hostname":"slow"}' >> /mnt/boot/config.json) &
      host render-config change
      cat /mnt/state/root-overlay/etc/hostname`);
    expect(output).toContain("line 3, column 21: expected the end of the text");
    expect(output).not.toContain("hunter");
    expect(output).toMatch(/^slow$/m);
    expect(status).toBe(0);
  });

  it("trusts private roots besides the public ones, until they are gone", () => {
    const { status, output } = js.device(`
      mount -t tmpfs tmpfs /usr/share/ca-certificates
      cd /tmp/holdfast-run
      openssl req -x509 -newkey ed25519 -nodes -subj /CN=private -keyout key -out root.pem -days 2 2>/dev/null
      mkdir -p /usr/share/ca-certificates/balena
      echo "{\\"balenaRootCA\\":\\"$(base64 -w0 root.pem)\\"}" > /mnt/boot/config.json
      host render-config boot
      public=$(grep -c BEGIN /etc/ssl/certs/ca-certificates.crt)
      openssl verify -CApath /etc/ssl/certs root.pem && exit 9
      host install-certificates
      openssl verify -CApath /etc/ssl/certs root.pem
      test $(grep -c BEGIN /etc/ssl/certs/ca-certificates.crt) = $((public + 1))
      host install-certificates
      test $(grep -c BEGIN /etc/ssl/certs/ca-certificates.crt) = $((public + 1))
      echo "{\\"balenaRootCA\\":\\"$(echo rubbish | base64 -w0)\\"}" > /mnt/boot/config.json
      host render-config change; host install-certificates
      openssl verify -CApath /etc/ssl/certs root.pem
      echo "{}" > /mnt/boot/config.json
      host render-config change; host install-certificates
      test $(grep -c BEGIN /etc/ssl/certs/ca-certificates.crt) = $public`);
    expect(output).toContain("balenaRootCA is ignored: not PEM certificates");
    expect(output).toContain("private root certificates are gone");
    expect(status).toBe(0);
  });

  it("makes host keys that ssh takes, again when one was cut", () => {
    const { status, output } = js.device(`
      mkdir /etc/ssh/hostkeys
      host ssh-keys
      head -c 40 /etc/ssh/hostkeys/ssh_host_ed25519_key > /etc/ssh/hostkeys/cut
      mv /etc/ssh/hostkeys/cut /etc/ssh/hostkeys/ssh_host_ed25519_key
      host ssh-keys; host ssh-keys rsa; host ssh-keys; host ssh-keys rsa
      for type in ed25519 ecdsa rsa; do ssh-keygen -y -f /etc/ssh/hostkeys/ssh_host_"$type"_key; done`);
    expect(output.match(/made the \w+ host key of ssh/g)).toHaveLength(4);
    for (const kind of ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]) expect(output).toContain(`${kind} AAAA`);
    expect(status).toBe(0);
  });

  it("tells what is wrong with a device within a quarter of a minute, though programs and the disk hang", () => {
    const begin = Date.now();
    const { status, output } = js.device(`
      mkdir /run/bin && PATH=/run/bin:$PATH
      printf '#!/bin/sh\\ntrap "" TERM\\nsleep 60; sleep 60\\n' >/run/bin/chronyc
      printf '#!/bin/sh\\nexec sleep 60\\n' >/run/bin/ip
      printf '#!/bin/sh\\nprintf "Id=balena.service\\\\nActiveState=failed\\\\nSubState=failed\\\\n"\\n' >/run/bin/systemctl
      chmod +x /run/bin/*
      echo '{"apiKey":"hunter2","colour":"hunter2"}' >/mnt/boot/config.json
      echo 'nameserver 127.0.0.1' >/run/resolv.dnsmasq
      host doctor --json && exit 9
      printf '#!/bin/sh\\n' | tee /run/bin/chronyc >/run/bin/ip
      host doctor || test $? = 1
      ls -d /run/holdfast/doctor.* || echo nothing is left`);
    expect(Date.now() - begin).toBeLessThan(30_000);
    expect(status).toBe(0);
    const [first = "", ...table] = output.split("\n");
    const found = (JSON.parse(first) as { findings: { check: string; code: string; what: string }[] }).findings;
    const at = (check: string) => found.find((finding) => finding.check === check);
    expect(at("time.sync")).toMatchObject({ code: "time.no-daemon" });
    expect(at("network.link")).toMatchObject({ code: "doctor.unknown", what: expect.stringContaining("10 s") });
    expect(at("engine.answer")).toMatchObject({ code: "engine.stopped", what: "balena is failed (failed)" });
    expect(at("dns.servers")).toMatchObject({ code: "dns.no-server", what: "127.0.0.1 is silent" });
    expect(at("config.file")).toMatchObject({ code: "config.refused-keys", what: expect.stringContaining("colour") });
    expect(at("system.memory")?.what).toContain("MiB available");
    expect(table.join("\n")).toMatch(/^failure {2}engine\.answer +balena is failed/m);
    expect(output).toContain("nothing is left");
    expect(output).not.toContain("hunter2");
  });

  it("asks name servers and the connectivity address with what the device has", async () => {
    using names = await NameServer.start("192.0.2.1");
    const web = createServer((_, response) => response.writeHead(204).end());
    const port = await listenOnLoopback(web);
    const { output } = await js.deviceMeanwhile(`
      echo 'server=127.0.0.1#${names.port}' >/run/dnsmasq.servers
      echo 'server=127.0.0.1#9' >>/run/dnsmasq.servers
      echo '{"uri":"http://user:hunter2@localhost:${port}/check","response":""}' >/run/holdfast/connectivity-check.json
      host doctor || true`);
    web.close();
    expect(output).toMatch(/^warning {2}dns\.servers +127\.0\.0\.1#9 is silent$/m);
    expect(output).toMatch(/^ok {7}network\.web +localhost answers$/m);
    expect(output).not.toContain("hunter2");
  });

  it("starts in a few hundredths of a second", () => {
    const { output } = js.device(
      "host stop-apps; date +%s%N; for i in 1 2 3 4 5 6 7 8 9 10; do host mount-state; done; date +%s%N",
    );
    const [from = 0, to = 0] = output.trim().split("\n").map(Number);
    expect((to - from) / 10 / 1e6).toBeLessThan(100);
  });

  it("tells sshd, and nobody else, who a user of the fleet server is", () => {
    const { status, output } = js.device(`
      echo '{"endpoint":"https://api.example.com","key":"k"}' > /run/holdfast/cloud-login.json
      cp "$(command -v sleep)" /tmp/sshd-session && /tmp/sshd-session 30 & sshd=$!
      until grep -q sshd-session /proc/$sshd/comm; do sleep 0.1; done
      ask() {
        call='{"method":"io.systemd.UserDatabase.GetUserRecord","parameters":{"userName":"alice","service":"io.holdfast.CloudUsers"}}'
        { printf '%s' "$call"; printf '\\0'; } | host cloud-users "0-$1-0" | tr '\\0' '@'
        echo
      }
      ask $sshd
      ask $$
      kill $sshd; rm /tmp/sshd-session`);
    const [known = "", unknown = ""] = output.split("\n");
    expect(known).toMatch(/^\{"parameters":\{"record":\{"userName":"alice",.*"uid":0,.*\}@$/);
    expect(unknown).toBe('{"error":"io.systemd.UserDatabase.NoRecordFound","parameters":{}}@');
    expect(status).toBe(0);
  });

  it("passes on what a container prints, out of the engine's stream of it", () => {
    const { status, output } = js.device(`
      { printf '\\1\\0\\0\\0\\0\\0\\0\\6hello '; sleep 0.2
        printf '\\2\\0\\0\\0\\0\\0'; sleep 0.2; printf '\\0\\7wor'; sleep 0.2; printf 'ld!\\n'; } | host container-output`);
    expect(output).toBe("hello world!\n");
    expect(status).toBe(0);
  });
});
