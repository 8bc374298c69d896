/** Codes of the supervisor. */
export const supervisorErrors = {
  "supervisor.invalid-target": "The target state is malformed; the former one stays in force.",
  "supervisor.engine-unreachable": "The container engine does not answer.",
  "supervisor.engine-refused": "The container engine refused a request.",
  "supervisor.pull-failed": "An image could not be downloaded.",
  "supervisor.bundle-too-big": "The supervisor's bundle exceeds its size limit.",
  "supervisor.updates-locked": "An app holds an update lock, or the host is being updated.",
  "supervisor.action-failed": "What was asked for through the device API could not be carried out.",
  "supervisor.dbus-failed": "The host's system bus refused a request or did not answer.",
  "supervisor.host-silent": "The host does not answer the supervisor.",
} as const;
