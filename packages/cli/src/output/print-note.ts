/** Says on stderr what a user should know beside the result. */
export function printNote(note: string): void {
  process.stderr.write(`  note: ${note}\n`);
}
