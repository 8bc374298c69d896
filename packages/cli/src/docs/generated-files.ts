import { readFile } from "node:fs/promises";
import path from "node:path";
import { commands } from "../command/commands.ts";
import { repositoryRoot } from "../repository-root.ts";
import { readEndToEndSuites } from "../testing/end-to-end-suites.ts";
import { renderCommandReference } from "./render-command-reference.ts";
import { renderConfiguration } from "./render-configuration.ts";
import { renderDeviceApi } from "./render-device-api.ts";
import { renderDoctor } from "./render-doctor.ts";
import { renderErrorTable } from "./render-error-table.ts";
import { renderLayerFields } from "./render-layer-fields.ts";
import { renderSuiteTable } from "./render-suite-table.ts";

/** Documentation that is made from the code: path in the repository -> content. A test compares, the script writes. */
export const generatedFiles: Readonly<Record<string, () => string | Promise<string>>> = {
  "docs/cli.md": () => renderCommandReference(commands),
  "docs/configuration.md": async () =>
    renderConfiguration(await readFile(path.join(repositoryRoot, "docs/configuration.md"), "utf8")),
  "docs/device-api.md": async () =>
    renderDeviceApi(await readFile(path.join(repositoryRoot, "docs/device-api.md"), "utf8")),
  "docs/doctor.md": async () => renderDoctor(await readFile(path.join(repositoryRoot, "docs/doctor.md"), "utf8")),
  "docs/errors.md": () => renderErrorTable(),
  "docs/layer-fields.md": () => renderLayerFields(),
  "docs/test-suites.md": async () => renderSuiteTable(await readEndToEndSuites(repositoryRoot)),
};
