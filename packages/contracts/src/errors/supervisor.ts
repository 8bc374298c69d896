/** Codes of the supervisor. */
export const supervisorErrors = {
  "supervisor.invalid-target": "The target state is malformed; the former one stays in force.",
  "supervisor.engine-unreachable": "The container engine does not answer.",
  "supervisor.engine-refused": "The container engine refused a request.",
  "supervisor.pull-failed": "An image could not be downloaded.",
  "supervisor.bundle-too-big": "The supervisor's bundle exceeds its size limit.",
  "supervisor.contract-unmet": "A release asks for what the device does not have; the former one stays.",
  "supervisor.release-unhealthy": "A release was not healthy within its window; the last good one is back.",
  "supervisor.wrong-architecture": "An image is made for another processor than the device's.",
  "supervisor.host-silent": "The host does not answer the supervisor.",
} as const;
