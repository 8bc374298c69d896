import type { Device } from "../device/device.ts";
import { Neighbour } from "../neighbour/neighbour.ts";
import { TEST_MACHINE } from "../neighbour/tree-server.ts";

/** Where the far end is, seen from the device, and the address that it gives the device in the tunnel. */
const SERVER_ADDRESS = "198.51.100.2";
export const DEVICE_IN_TUNNEL = "10.120.0.10";

const PORT = 4443;
const DAEMON = "openvpn";
/** In the neighbour's file system. */
const FOLDER = "/tunnel";

/** The client's configuration as fleet servers send it, unmodified: old options are in it on purpose. */
export const CLIENT_CONFIG = `client
remote ${SERVER_ADDRESS} ${PORT}
resolv-retry infinite

remote-cert-tls server
tls-version-min 1.2
ca /etc/openvpn/ca.crt
auth-user-pass /var/volatile/vpn-auth
auth-retry none
script-security 2
up /etc/openvpn-misc/upscript.sh
up-restart
down /etc/openvpn-misc/downscript.sh

comp-lzo
dev resin-vpn
dev-type tun
proto tcp
nobind

persist-key
persist-tun
verb 3
user openvpn
group openvpn
reneg-bytes 0
reneg-pkts 0
reneg-sec 0
`;

/** It asks a hook for every login, answers old clients by their capabilities, and never compresses. */
const SERVER_CONFIG = `mode server
tls-server
topology subnet
push "topology subnet"
ifconfig 10.120.0.1 255.255.255.0
ifconfig-pool ${DEVICE_IN_TUNNEL} 10.120.0.200 255.255.255.0
push "route-gateway 10.120.0.1"
local ${SERVER_ADDRESS}
port ${PORT}
proto tcp-server
dev tun0
ca ${FOLDER}/ca.crt
cert ${FOLDER}/server.crt
key ${FOLDER}/server.key
dh none
verify-client-cert none
username-as-common-name
script-security 2
auth-user-pass-verify "/bin/sh ${FOLDER}/verify" via-file
tmp-dir /run
keepalive 5 20
compress migrate
verb 3
`;

/** A certificate authority of the server's own, made with the device's clock; its API has a certificate from it, too. */
const MAKE_CERTIFICATES = `
set -e
mkdir -p /run/certificates && cd /run/certificates
ec='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
openssl req -x509 $ec -keyout ca.key -out ca.crt -subj /CN=Fleet -days 3650 2>/dev/null
openssl req $ec -keyout server.key -out server.csr -subj /CN=tunnel 2>/dev/null
printf 'extendedKeyUsage=serverAuth\\nkeyUsage=digitalSignature\\n' >usage
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 3650 -extfile usage 2>/dev/null
openssl req $ec -keyout api.key -out api.csr -subj /CN=api 2>/dev/null
printf 'subjectAltName=IP:${TEST_MACHINE}\\n' >names
openssl x509 -req -in api.csr -CA ca.crt -CAkey ca.key -out api.crt -days 3650 -extfile names 2>/dev/null`;

/** A real OpenVPN server on a neighbour of the device. */
export class TunnelServer {
  readonly #neighbour: Neighbour;
  /** The certificate that its clients verify it with. */
  readonly ca: string;

  private constructor(neighbour: Neighbour, ca: string) {
    this.#neighbour = neighbour;
    this.ca = ca;
  }

  static async prepare(device: Device): Promise<TunnelServer> {
    const link = { name: "fleet", address: `${SERVER_ADDRESS}/24`, deviceAddress: "198.51.100.1/24" };
    const neighbour = await Neighbour.join(device, link);
    await device.shell(MAKE_CERTIFICATES);
    const files = await Promise.all(
      ["ca.crt", "server.crt", "server.key"].map(async (name): Promise<[string, string]> => {
        const text = await device.shell(`cat /run/certificates/${name}`);
        return [name, `${text}\n`];
      }),
    );
    for (const [name, text] of files) await neighbour.write(`${FOLDER}/${name}`, text);
    await neighbour.write(`${FOLDER}/server.conf`, SERVER_CONFIG);
    await neighbour.write(`${FOLDER}/verify`, `test "$(cat "$1")" = "$(cat ${FOLDER}/accepted)"\n`);
    return new TunnelServer(neighbour, files[0]?.[1] ?? "");
  }

  /** From now on, this login and no other is right. */
  async accept(user: string, password: string): Promise<void> {
    await this.#neighbour.write(`${FOLDER}/accepted`, `${user}\n${password}\n`);
  }

  async start(): Promise<void> {
    await this.#neighbour.start(DAEMON, ["openvpn", "--config", `${FOLDER}/server.conf`]);
  }

  /** Ends it as a crash does, without a word to its clients. */
  async kill(): Promise<void> {
    await this.#neighbour.stop(DAEMON, "SIGKILL");
  }

  /** Runs a command line where the server is: what the fleet server can reach through the tunnel. */
  async run(command: string): Promise<string> {
    return await this.#neighbour.run(["sh", "-c", command]);
  }
}
