/** Codes of the supervisor. */
export const supervisorErrors = {
  "supervisor.invalid-target": "The target state is malformed; the former one stays in force.",
  "supervisor.engine-unreachable": "The container engine does not answer.",
  "supervisor.engine-refused": "The container engine refused a request.",
  "supervisor.pull-failed": "An image could not be downloaded.",
  "supervisor.bundle-too-big": "The supervisor's bundle exceeds its size limit.",
  "supervisor.host-silent": "The host does not answer the supervisor.",
} as const;
