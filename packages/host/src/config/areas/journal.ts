import type { RenderArea } from "../rendered-file.ts";

/** While it exists, holdfast-persistent-journal.service binds the journal's directory to the data partition. */
export const PERSISTENT_JOURNAL_FLAG = "/run/holdfast/persistent-journal";

export const renderJournal: RenderArea = ({ persistentLogging }) => [
  {
    path: PERSISTENT_JOURNAL_FLAG,
    mode: 0o644,
    content: persistentLogging ? "" : undefined,
    place: "memory",
    when: "boot",
  },
];
