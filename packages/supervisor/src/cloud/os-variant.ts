/** What kind of system the server sees: what os-release says, else whether development mode is on (compat 2.4). Pure. */
export function osVariantOf(osRelease: Readonly<Record<string, string>>, isDevelopment: boolean): "dev" | "prod" {
  const said = osRelease["VARIANT_ID"];
  if (said === "dev" || said === "prod") return said;
  return isDevelopment ? "dev" : "prod";
}
