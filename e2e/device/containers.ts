import { z } from "zod";
import type { Device } from "./device.ts";

const containerSchema = z
  .object({
    Id: z.string(),
    Name: z.string(),
    RestartCount: z.int(),
    State: z.object({
      Status: z.string(),
      Pid: z.int(),
      Health: z.object({ Status: z.string() }).optional(),
    }),
    Config: z.object({ Env: z.array(z.string()), Labels: z.record(z.string(), z.string()) }),
    Mounts: z.array(z.object({ Type: z.string(), Name: z.string().optional(), Destination: z.string() })),
  })
  .transform(({ Id, RestartCount, State, Config, Mounts }) => ({
    id: Id,
    service: Config.Labels["io.balena.service-name"] ?? "",
    pid: State.Pid,
    status: State.Status,
    health: State.Health?.Status,
    restarts: RestartCount,
    env: Config.Env,
    volumes: Mounts.filter(({ Type }) => Type === "volume").map(({ Name, Destination }) => `${Name}:${Destination}`),
  }));

/** A container of an app, as the engine inspects it. */
export type AppContainer = z.output<typeof containerSchema>;

/** Containers of all apps by the name of their service. */
export async function appContainers(device: Device): Promise<Map<string, AppContainer>> {
  const listed = "docker ps --all --quiet --no-trunc --filter label=io.balena.service-name";
  const found = await device.json(`ids=$(${listed}); if [ -n "$ids" ]; then docker inspect $ids; else echo '[]'; fi`);
  return new Map(
    z
      .array(containerSchema)
      .parse(found)
      .map((container) => [container.service, container]),
  );
}

const supervisorSchema = z.array(
  z.object({
    Id: z.string(),
    State: z.object({ Pid: z.int() }),
    GraphDriver: z.object({ Data: z.object({ LowerDir: z.string() }) }),
  }),
);

/** The supervisor's container: its process, and the directories of its image's layers, topmost first. */
export async function supervisorContainer(
  device: Device,
): Promise<{ readonly id: string; readonly pid: number; readonly layers: readonly string[] }> {
  const [found] = supervisorSchema.parse(await device.json("docker inspect balena_supervisor"));
  if (found === undefined) throw new Error("the engine knows no container balena_supervisor");
  return { id: found.Id, pid: found.State.Pid, layers: found.GraphDriver.Data.LowerDir.split(":") };
}
