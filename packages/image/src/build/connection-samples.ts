/**
 * What a fresh image has in `system-connections`, name -> text. The device contract names the first two. Files that end in
 * `.ignore` are copied to the device, and NetworkManager passes over them.
 */
export const connectionSamples: Readonly<Record<string, string>> = {
  "README.ignore": `NetworkManager keyfiles in this folder configure the device's network: Wi-Fi, static addresses, cellular modems.
They are copied to the device at every boot, and within seconds when they change while it runs.

Copy one of the samples to a name without .ignore, and change what is in it. Without any file, wired
networks get their address by DHCP. A file that cannot work is reported in the device's journal with
its line; the other files count all the same.

A file that is removed here stays on the device. There, \`nmcli connection delete NAME\` removes it.
`,
  "balena-sample.ignore": `# Wi-Fi. For WPA3-only networks: key-mgmt=sae. For open ones: remove the section wifi-security.
[connection]
id=my-wifi
type=wifi

[wifi]
mode=infrastructure
ssid=My_Wifi_Ssid
# hidden=true

[wifi-security]
key-mgmt=wpa-psk
psk=super_secret_wifi_password

[ipv4]
method=auto

[ipv6]
method=auto
`,
  "ethernet-static.ignore": `# A wired network with a fixed address.
[connection]
id=my-ethernet
type=ethernet
# Before other connections of the same kind.
autoconnect-priority=10

[ipv4]
method=manual
address1=192.168.1.10/24,192.168.1.1
dns=192.168.1.1;8.8.8.8;

[ipv6]
method=auto
`,
  "cellular.ignore": `# A modem with a SIM. The operator says which apn (and perhaps username and password) it wants.
[connection]
id=my-cellular
type=gsm

[gsm]
apn=internet
# pin=1234
# username=
# password=

[ipv4]
method=auto
# Wired networks and Wi-Fi are preferred: lower figures win, theirs are 100 and 600.
route-metric=700

[ipv6]
method=auto
`,
};
