import { createHash } from "node:crypto";
import { uuidFrom } from "../archive/manifest-digest.ts";
import {
  debPurl,
  maintainerName,
  type SbomInput,
  type SbomPackage,
  type SbomPart,
  sortedByName,
  timestampOf,
} from "./sbom-input.ts";

/**
 * The bill of materials as CycloneDX 1.6 JSON (ECMA-424). The serial number is a hash of the content, so that the same
 * packages give the same document. Pure.
 */
export function cyclonedx(input: SbomInput): string {
  const root = `${input.name}@${input.version}`;
  const packages = sortedByName(input.packages);
  const parts = sortedByName(input.parts ?? []);
  const body = {
    version: 1,
    metadata: {
      timestamp: timestampOf(input.epoch),
      tools: { components: [{ type: "application", name: "holdfast" }] },
      component: { type: "operating-system", "bom-ref": root, name: input.name, version: input.version },
    },
    components: [...packages.map(debComponent), ...parts.map(partComponent)],
    dependencies: [
      { ref: root, dependsOn: [...packages.map(debPurl), ...parts.map((part) => part.purl)] },
      ...packages.map((one) => ({ ref: debPurl(one), dependsOn: dependenciesOf(one, packages) })),
    ],
  };
  const serial = uuidFrom(createHash("sha256").update(JSON.stringify(body)).digest());
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${serial}`,
    ...body,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function debComponent(one: SbomPackage): object {
  const { Maintainer: maintainer, Homepage: homepage, Description: description, Source: source } = one.control;
  const contact = maintainer === undefined ? undefined : maintainerName(maintainer);
  return {
    type: "library",
    "bom-ref": debPurl(one),
    ...(contact && {
      supplier: {
        name: contact.name,
        contact: [{ name: contact.name, ...(contact.email && { email: contact.email }) }],
      },
    }),
    name: one.name,
    version: one.version,
    ...(description !== undefined && { description: description.split("\n", 1)[0] }),
    hashes: [{ alg: "SHA-256", content: one.sha256 }],
    purl: debPurl(one),
    ...(homepage !== undefined && { externalReferences: [{ type: "website", url: homepage }] }),
    properties: [
      { name: "debian:architecture", value: one.arch },
      { name: "debian:source", value: (source ?? one.name).split(" ", 1)[0] },
    ],
  };
}

function partComponent(part: SbomPart): object {
  return {
    type: "library",
    "bom-ref": part.purl,
    name: part.name,
    version: part.version,
    ...(part.sha256 !== undefined && { hashes: [{ alg: "SHA-256", content: part.sha256 }] }),
    ...(part.license !== undefined && { licenses: [{ expression: part.license }] }),
    purl: part.purl,
  };
}

/** Of a package's Depends, those that are in the image; of alternatives, all that are. */
function dependenciesOf(one: SbomPackage, packages: readonly SbomPackage[]): string[] {
  const { Depends: depends = "", "Pre-Depends": preDepends = "" } = one.control;
  const names = new Set(
    `${preDepends},${depends}`.split(/[,|]/).map((word) => word.trim().split(/[\s:(]/, 1)[0] ?? ""),
  );
  return packages.filter(({ name }) => names.has(name) && name !== one.name).map(debPurl);
}
