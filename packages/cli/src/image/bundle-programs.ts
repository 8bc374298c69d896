import { bundleHostPrograms } from "@holdfast/host";
import type { Programs } from "@holdfast/image";
import { buildSupervisorBundle } from "@holdfast/supervisor";

/** Our programs that go into an image, bundled: the image builder takes them as bytes and knows neither package. */
export async function bundlePrograms(version: string): Promise<Programs> {
  const [host, supervisor] = await Promise.all([bundleHostPrograms(), buildSupervisorBundle({ version })]);
  return { host, supervisor };
}
