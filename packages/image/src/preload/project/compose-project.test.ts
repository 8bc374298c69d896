import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAppsJson } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { appsDocument, imageReference } from "./apps-document.ts";
import { parseComposeProject, projectName } from "./compose-project.ts";

const PROJECT = `
services:
  web:
    build: { context: ./web/, args: [MODE=fast] }
    depends_on: [db]
    environment: { PORT: 80, EMPTY: }
    labels: [io.balena.features.dbus=1]
    ports: ["80:80"]
    networks: [inner]
    logging: { driver: none }
    container_name: web
  db:
    image: registry.test/db:2
    volumes: ["data:/var/lib/db"]
volumes:
  data:
networks:
  inner: {}
`;

describe("parseComposeProject", () => {
  it("keeps what a device knows as written, and says what it ignores", () => {
    const project = parseComposeProject(PROJECT, "/home/user/My App");
    expect(project.name).toBe("myapp");
    expect(project.services.map(({ name }) => name)).toEqual(["db", "web"]);
    expect(project.services[1]).toEqual({
      name: "web",
      source: { build: { context: "web", dockerfile: "Dockerfile", args: { MODE: "fast" } } },
      environment: { PORT: "80", EMPTY: "" },
      labels: { "io.balena.features.dbus": "1" },
      composition: { depends_on: ["db"], ports: ["80:80"], networks: ["inner"] },
    });
    expect(project.services[0]?.source).toEqual({ image: "registry.test/db:2" });
    expect(project.volumes).toEqual({ data: {} });
    expect(project.warnings).toEqual(["web: devices do not know container_name, logging; ignored."]);
  });

  it.each([
    ["services: {}", "there are none"],
    ["services: [", "cannot be used"],
    ["services: { a: { build: ../up } }", "services.a.build"],
    ["services: { a: { build: /abs } }", "services.a.build"],
    ["services: { a: { environment: {} } }", 'neither "build" nor "image"'],
    ["services: { -x: { image: a } }", "services.-x"],
    ["services: { a: { image: x, ports: [http] } }", "services.a.ports"],
    ["services: { a: { image: x, depends_on: [bb] }, b: { image: x } }", '"bb" is not declared'],
    ["services: { a: { image: x, networks: [inner] } }\nnetworks: { iner: {} }", 'is "iner" meant?'],
    ["services: { a: { image: x, volumes: ['data:/d'] } }", '"data" is not declared'],
  ])("refuses %s", (text, message) => {
    expect(() => parseComposeProject(text, "/x")).toThrow(message);
  });

  it("has the code that the table of errors explains", () => {
    expect(() => parseComposeProject("[]", "/x")).toThrow(expect.objectContaining({ code: "image.invalid-compose" }));
  });

  it("reads every example", async () => {
    const examples = join(import.meta.dirname, "../../../../../examples");
    const names = (await readdir(examples, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    expect(names.length).toBeGreaterThan(0);
    for (const { name } of names) {
      const text = await readFile(join(examples, name, "docker-compose.yml"), "utf8");
      expect(parseComposeProject(text, name).warnings).toEqual([]);
    }
  });

  it("names projects after directories as compose does", () => {
    expect(["/a/Telemetry_2", "/a/_.x", "/"].map(projectName)).toEqual(["telemetry_2", "x", "app"]);
  });
});

describe("appsDocument", () => {
  const project = parseComposeProject(PROJECT, "shop");
  const images = ["web", "db"].map((service) => {
    const id = `sha256:${service === "web" ? "a".repeat(64) : "b".repeat(64)}`;
    return { service, id, reference: imageReference(project.name, service, id) };
  });

  it("is a preload that the supervisor takes whole", () => {
    const { apps } = parseAppsJson(appsDocument(project, images));
    const [uuid, app] = Object.entries(apps)[0] ?? [];
    expect(uuid).toMatch(/^[0-9a-f]{32}$/);
    const [commit, release] = Object.entries(app?.releases ?? {})[0] ?? [];
    expect(commit).toMatch(/^[0-9a-f]{32}$/);
    expect(release?.services["web"]).toMatchObject({
      image: "holdfast.local/shop/web:aaaaaaaaaaaa",
      running: true,
      composition: { ports: ["80:80"] },
    });
    expect(Object.keys(release?.volumes ?? {})).toEqual(["data"]);
  });

  it("is the same for the same project and another release for another image", () => {
    expect(appsDocument(project, images)).toEqual(appsDocument(project, images));
    const other = images.map((image) =>
      image.service === "db" ? { ...image, id: `sha256:${"c".repeat(64)}` } : image,
    );
    const commits = [images, other].map((list) => {
      const app = Object.values(parseAppsJson(appsDocument(project, list)).apps)[0];
      return [app?.id, ...Object.keys(app?.releases ?? {})];
    });
    expect(commits[0]?.[0]).toBe(commits[1]?.[0]);
    expect(commits[0]?.[1]).not.toBe(commits[1]?.[1]);
  });
});
