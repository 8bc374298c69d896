/** Codes of the virtual machines. */
export const vmErrors = {
  "vm.boot-failed": "The virtual device did not come up.",
} as const;
