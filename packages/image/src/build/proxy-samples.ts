/** What a fresh image has in `system-proxy`, name -> text; the device contract names it. */
export const proxySamples: Readonly<Record<string, string>> = {
  "redsocks.conf.ignore": `// Copy this file to redsocks.conf, and change what is in it: the device then makes its connections through
// the proxy, within seconds and without a reboot. Without redsocks.conf it makes them directly.
// A file no_proxy beside it names hosts and subnets, one per line, that are reached without the proxy.
base {
	log_debug = off;
	log_info = off;
	log = stderr;
	daemon = off;
	redirector = iptables;
}

redsocks {
	// socks4, socks5, http-connect or http-relay
	type = socks5;
	ip = 192.0.2.10;
	port = 1080;
	// login = "user";
	// password = "secret";
	local_ip = 127.0.0.1;
	local_port = 12345;
}

// Where UDP to name servers does not get out: names are asked for over TCP, through the proxy.
// dnsu2t {
// 	remote_ip = 8.8.8.8;
// 	remote_port = 53;
// 	local_ip = 127.0.0.1;
// 	local_port = 53;
// }
`,
};
