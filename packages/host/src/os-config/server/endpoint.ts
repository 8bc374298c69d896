/** The fleet server's address, taken apart. */
export type Endpoint = {
  /** Without a slash at its end, so that paths can be added. */
  readonly url: string;
  /** Host, with the port if it names one: the server's name among `deviceApiKeys`. */
  readonly host: string;
  readonly isEncrypted: boolean;
};

/** Neither user names, queries nor anything that a line of curl's configuration could stumble over. */
const ADDRESS =
  /^(https?):\/\/((?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?)((?:\/[^\s"\\?#]*)?)$/i;

/** Parses `apiEndpoint` of config.json. Pure; undefined when it is not an http(s) address. */
export function parseEndpoint(value: unknown): Endpoint | undefined {
  const [, scheme = "", host = "", path = ""] = typeof value === "string" ? (ADDRESS.exec(value.trim()) ?? []) : [];
  if (host === "") return undefined;
  return {
    url: `${scheme.toLowerCase()}://${host.toLowerCase()}${path.replace(/\/+$/, "")}`,
    host: host.toLowerCase(),
    isEncrypted: scheme.toLowerCase() === "https",
  };
}
