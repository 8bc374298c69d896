import type { RenderArea } from "../rendered-file.ts";

export const TIME_SOURCES = "/run/chrony/added_config.sources";

/** Added to the built-in pools; chronyd reads its `sourcedir` again when it is told. */
export const renderTimeServers: RenderArea = ({ ntpServers }) => [
  {
    path: TIME_SOURCES,
    mode: 0o644,
    content:
      ntpServers.length === 0
        ? undefined
        : ntpServers.map((server) => `pool ${server} iburst minpoll 14 maxpoll 14 maxsources 1\n`).join(""),
    place: "memory",
    onChange: [{ action: "run", command: ["chronyc", "reload", "sources"] }],
  },
];
