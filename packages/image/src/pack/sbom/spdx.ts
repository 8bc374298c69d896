import { createHash } from "node:crypto";
import {
  debPurl,
  maintainerName,
  type SbomInput,
  type SbomPackage,
  type SbomPart,
  sortedByName,
  timestampOf,
} from "./sbom-input.ts";

const ROOT = "SPDXRef-Image";
const NO_ASSERTION = "NOASSERTION";

/**
 * The bill of materials as SPDX 2.3 JSON (ISO/IEC 5962). The document's namespace holds a hash of the content, so that
 * the same packages give the same document. Licences are not asserted: Debian records them per file, not per package. Pure.
 */
export function spdx(input: SbomInput): string {
  const debs = sortedByName(input.packages).map(debPackage);
  const parts = sortedByName(input.parts ?? []).map(partPackage);
  const packages = [rootPackage(input), ...debs, ...parts];
  const relationships = [
    { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: ROOT },
    ...[...debs, ...parts].map(({ SPDXID }) => ({
      spdxElementId: ROOT,
      relationshipType: "CONTAINS",
      relatedSpdxElement: SPDXID,
    })),
  ];
  const digest = createHash("sha256")
    .update(JSON.stringify([packages, relationships]))
    .digest("hex");
  const document = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `${input.name}-${input.version}`,
    documentNamespace: `https://spdx.org/spdxdocs/${input.name}-${input.version}-${digest}`,
    creationInfo: { created: timestampOf(input.epoch), creators: ["Tool: holdfast"] },
    packages,
    relationships,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

type SpdxPackage = { readonly SPDXID: string } & Readonly<Record<string, unknown>>;

function rootPackage({ name, version }: SbomInput): SpdxPackage {
  return { ...common(name, version), SPDXID: ROOT, primaryPackagePurpose: "OPERATING-SYSTEM" };
}

function debPackage(one: SbomPackage): SpdxPackage {
  const { Maintainer: maintainer, Homepage: homepage } = one.control;
  const contact = maintainer === undefined ? undefined : maintainerName(maintainer);
  return {
    ...common(one.name, one.version),
    SPDXID: `SPDXRef-Deb-${identifier(`${one.name}-${one.arch}`)}`,
    ...(contact && { supplier: `Organization: ${contact.name}${contact.email ? ` (${contact.email})` : ""}` }),
    ...(homepage !== undefined && { homepage }),
    checksums: [{ algorithm: "SHA256", checksumValue: one.sha256 }],
    externalRefs: [purlReference(debPurl(one))],
  };
}

function partPackage(part: SbomPart): SpdxPackage {
  return {
    ...common(part.name, part.version),
    SPDXID: `SPDXRef-Part-${identifier(part.name)}`,
    ...(part.license !== undefined && { licenseDeclared: part.license }),
    ...(part.sha256 !== undefined && { checksums: [{ algorithm: "SHA256", checksumValue: part.sha256 }] }),
    externalRefs: [purlReference(part.purl)],
  };
}

const common = (name: string, versionInfo: string) => ({
  name,
  versionInfo,
  downloadLocation: NO_ASSERTION,
  filesAnalyzed: false,
  licenseConcluded: NO_ASSERTION,
  licenseDeclared: NO_ASSERTION,
  copyrightText: NO_ASSERTION,
});

const purlReference = (purl: string) => ({
  referenceCategory: "PACKAGE-MANAGER",
  referenceType: "purl",
  referenceLocator: purl,
});

/** SPDX identifiers take letters, digits, dots and hyphens; `+` occurs in Debian's names (libstdc++6). */
const identifier = (name: string): string => name.replaceAll("+", "-plus").replaceAll(/[^A-Za-z0-9.-]/g, "-");
