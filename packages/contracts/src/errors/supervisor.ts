/** Codes of the supervisor. */
export const supervisorErrors = {
  "supervisor.invalid-target": "The target state is malformed; the former one stays in force.",
  "supervisor.engine-unreachable": "The container engine does not answer.",
  "supervisor.engine-refused": "The container engine refused a request.",
  "supervisor.pull-failed": "An image could not be downloaded.",
  "supervisor.bundle-too-big": "The supervisor's bundle exceeds its size limit.",
  "supervisor.invalid-host-config": "What was asked of the host's configuration cannot work; nothing was changed.",
  "supervisor.config-json-unusable": "config.json is missing or not valid, so it cannot be changed.",
  "supervisor.contract-unmet": "A release asks for what the device does not have; the former one stays.",
  "supervisor.release-unhealthy": "A release was not healthy within its window; the last good one is back.",
  "supervisor.wrong-architecture": "An image is made for another processor than the device's.",
  "supervisor.host-silent": "The host does not answer the supervisor.",
  "supervisor.server-unreachable": "The fleet server does not answer.",
  "supervisor.server-refused": "The fleet server refused a request.",
  "supervisor.server-answer-unusable": "The fleet server answered with something that cannot be used.",
  "supervisor.too-many-tags": "More tags wait for the fleet server than are kept.",
} as const;
