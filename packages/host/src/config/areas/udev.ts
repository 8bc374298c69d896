import type { Action, RenderArea } from "../rendered-file.ts";

const FOLDER = "/etc/udev/rules.d";

/**
 * As at each boot: every device is announced anew. Each file is whole when it appears under its name, and udev is told
 * only when all of them are there, so nothing has to be waited for.
 */
const applyRules: readonly Action[] = [
  { action: "run", command: ["udevadm", "control", "--reload", "--timeout=5"] },
  { action: "run", command: ["udevadm", "trigger", "--type=all", "--action=add"] },
];

/** Rules of udev. The directory belongs to config.json: other rules there are removed. */
export const renderUdev: RenderArea = ({ udevRules }) => {
  const rules = Object.entries(udevRules);
  return [
    { folder: FOLDER, suffix: ".rules", keep: rules.map(([name]) => `${name}.rules`), onChange: applyRules },
    ...rules.map(([name, text]) => ({
      path: `${FOLDER}/${name}.rules`,
      mode: 0o644,
      content: text.endsWith("\n") ? text : `${text}\n`,
      place: "flash" as const,
      onChange: applyRules,
      // udev looked at the devices before the persistent paths were there.
      atBoot: applyRules,
    })),
  ];
};
