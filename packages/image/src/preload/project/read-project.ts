import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { refuse } from "@holdfast/contracts";
import { type ComposeProject, parseComposeProject, projectName } from "./compose-project.ts";

const FILES = ["docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"];

/**
 * Reads the compose project in a directory. A directory with only a Dockerfile is a project of one service, `main`, with
 * the rights and the volume that single-container apps have always had.
 * @throws `image.invalid-compose`
 */
export async function readComposeProject(directory: string): Promise<ComposeProject> {
  const folder = resolve(directory);
  for (const name of FILES) {
    const source = await readIfThere(join(folder, name));
    if (source === undefined) continue;
    const project = parseComposeProject(source, folder);
    for (const service of project.services) {
      if ("image" in service.source) continue;
      const { context, dockerfile } = service.source.build;
      await requireFile(join(folder, context, dockerfile), `Service "${service.name}" has no Dockerfile`);
    }
    return project;
  }
  await requireFile(join(folder, "Dockerfile"), `${folder} holds neither ${FILES[0]} nor a Dockerfile`);
  return singleService(projectName(folder));
}

function singleService(name: string): ComposeProject {
  const main = {
    name: "main",
    source: { build: { context: ".", dockerfile: "Dockerfile", args: {} } },
    environment: {},
    labels: {
      "io.balena.features.kernel-modules": "1",
      "io.balena.features.firmware": "1",
      "io.balena.features.dbus": "1",
      "io.balena.features.supervisor-api": "1",
      "io.balena.features.balena-api": "1",
    },
    composition: {
      privileged: true,
      network_mode: "host",
      volumes: ["resin-data:/data"],
      restart: "always",
      tty: true,
    },
  };
  return { name, services: [main], volumes: { "resin-data": {} }, networks: {}, warnings: [] };
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === "ENOENT" || thrown.code === "ENOTDIR") return undefined;
    throw thrown;
  });
}

async function requireFile(file: string, problem: string): Promise<void> {
  if ((await stat(file).catch(() => undefined))?.isFile() === true) return;
  refuse("image.invalid-compose", {
    message: `${problem} (looked for ${file}).`,
    hint: "Name the directory of a compose project: its docker-compose.yml says which services are built from where.",
  });
}
