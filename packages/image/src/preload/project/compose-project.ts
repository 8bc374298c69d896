import { basename } from "node:path";
import { composeServiceSchema, nearestName, refuse, splitCompose } from "@holdfast/contracts";
import { parseDocument } from "yaml";
import { z } from "zod";

/** How a service's image is made from a directory. */
export type ServiceBuild = {
  /** Below the project's directory, `.` for itself. */
  readonly context: string;
  /** Below the context. */
  readonly dockerfile: string;
  readonly args: Readonly<Record<string, string>>;
  readonly target?: string;
};

export type ProjectService = {
  readonly name: string;
  /** Exactly one of `build` and `image` says where the image comes from. */
  readonly source: { readonly build: ServiceBuild } | { readonly image: string };
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** The other compose keys that a device understands, as written. */
  readonly composition: Readonly<Record<string, unknown>>;
};

/** A compose project, as far as devices understand it. */
export type ComposeProject = {
  readonly name: string;
  readonly services: readonly ProjectService[];
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, unknown>>;
  /** Sentences about what was ignored. */
  readonly warnings: readonly string[];
};

const entityName = z
  .string()
  .max(255)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, "must start with a letter or digit and contain only letters, digits, _ . -");
const text = z.union([z.string(), z.number(), z.boolean(), z.null()]).transform((value) => String(value ?? ""));
/** `{A: 1}` or `["A=1"]`; both are `{A: "1"}`. */
const stringMap = z.union([
  z.record(z.string(), text),
  z.array(z.string()).transform((items) =>
    Object.fromEntries(
      items.map((item) => {
        const at = item.indexOf("=");
        return at < 0 ? [item, ""] : [item.slice(0, at), item.slice(at + 1)];
      }),
    ),
  ),
]);

const insidePath = z
  .string()
  .refine(
    (path) => !path.startsWith("/") && !path.split("/").includes(".."),
    "must stay inside the project's directory",
  )
  .transform(
    (path) =>
      path
        .split("/")
        .filter((part) => part !== "" && part !== ".")
        .join("/") || ".",
  );

const build = z.union([
  insidePath.transform((context): ServiceBuild => ({ context, dockerfile: "Dockerfile", args: {} })),
  z
    .object({
      context: insidePath.default("."),
      dockerfile: insidePath.default("Dockerfile"),
      args: stringMap.default({}),
      target: z.string().optional(),
    })
    .transform(({ target, ...rest }): ServiceBuild => (target === undefined ? rest : { ...rest, target })),
]);

const service = z.looseObject({
  build: build.optional(),
  image: z.string().min(1).optional(),
  environment: stringMap.nullish(),
  labels: stringMap.nullish(),
});

const definitions = z.record(entityName, z.record(z.string(), z.unknown()).nullable()).nullish();

const composeFile = z.looseObject({
  name: entityName.optional(),
  services: z.record(entityName, service),
  volumes: definitions,
  networks: definitions,
});

/**
 * Reads the text of a docker-compose.yml; `directory` gives the project its name if the file does not. Pure.
 * @throws `image.invalid-compose` naming the field
 */
export function parseComposeProject(source: string, directory: string): ComposeProject {
  const document = parseDocument(source, { merge: true });
  const syntax = document.errors[0];
  if (syntax !== undefined) return invalid(syntax.message.split("\n")[0] ?? "it is not YAML");
  const parsed = composeFile.safeParse(document.toJS());
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return invalid(`${issue?.path.map(String).join(".") || "the file"}: ${issue?.message ?? "malformed"}`);
  }
  const { name, services, volumes, networks } = parsed.data;
  const warnings: string[] = [];
  const found = Object.entries(services).map(([key, raw]) => readService(key, raw, warnings));
  if (found.length === 0) invalid("services: there are none");
  const project = {
    name: name ?? projectName(directory),
    services: found.sort((a, b) => (a.name < b.name ? -1 : 1)),
    volumes: withoutNulls(volumes ?? {}),
    networks: withoutNulls(networks ?? {}),
    warnings,
  };
  checkReferences(project);
  return project;
}

function readService(name: string, raw: z.output<typeof service>, warnings: string[]): ProjectService {
  const { accepted, ignored } = splitCompose(raw);
  if (ignored.length > 0) warnings.push(`${name}: devices do not know ${ignored.join(", ")}; ignored.`);
  const checked = composeServiceSchema.safeParse(accepted);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    invalid(`services.${name}.${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? "malformed"}`);
  }
  if (raw.build === undefined && raw.image === undefined) {
    invalid(`services.${name}: it has neither "build" nor "image"`);
  }
  return {
    name,
    source: raw.build === undefined ? { image: raw.image ?? "" } : { build: raw.build },
    environment: raw.environment ?? {},
    labels: raw.labels ?? {},
    composition: accepted,
  };
}

/** A name that is used must be declared, as compose itself wants it; a device would find out too late. */
function checkReferences({ services, volumes, networks }: Omit<ComposeProject, "warnings">): void {
  const names = services.map((one) => one.name);
  for (const { name, composition } of services) {
    const { depends_on = {}, networks: attached = {}, volumes: mounts = [] } = composeServiceSchema.parse(composition);
    for (const other of Object.keys(depends_on)) requireName(other, names, `services.${name}.depends_on`);
    for (const network of Object.keys(attached)) {
      if (network !== "default") requireName(network, Object.keys(networks), `services.${name}.networks`);
    }
    for (const mount of mounts) {
      if (mount.kind === "named") requireName(mount.name, Object.keys(volumes), `services.${name}.volumes`);
    }
  }
}

function requireName(name: string, known: readonly string[], where: string): void {
  if (known.includes(name)) return;
  const near = nearestName(name, known);
  invalid(`${where}: "${name}" is not declared${near === undefined ? "" : `; is "${near}" meant?`}`);
}

function withoutNulls(map: Readonly<Record<string, Record<string, unknown> | null>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).map(([name, definition]) => [name, definition ?? {}]));
}

/** Compose's rule: the directory's name in lower case, without what names may not contain. */
export function projectName(directory: string): string {
  return (
    basename(directory)
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]/g, "")
      .replace(/^[_-]+/, "") || "app"
  );
}

function invalid(problem: string): never {
  return refuse("image.invalid-compose", {
    message: `The compose file cannot be used: ${problem}.`,
    hint: "Correct the file; compose services of devices have a Dockerfile (build) or an image.",
  });
}
