/** Codes of the supervisor. */
export const supervisorErrors = {
  "supervisor.invalid-target": "The target state is malformed; the former one stays in force.",
} as const;
