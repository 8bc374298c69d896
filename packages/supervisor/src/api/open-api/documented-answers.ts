/** An answer as the reference tells it. */
export type DocumentedAnswer = { readonly status: string; readonly description: string };

/** Reads `200 OK; 404; 423 while …`: parts begin with their status. Pure. @throws when one does not: the reference is wrong */
export function documentedAnswers(text: string): DocumentedAnswer[] {
  return text.split("; ").map((part) => {
    const [, status, description = ""] = /^(\d{3})\b,?\s*(.*)$/.exec(part) ?? [];
    if (status === undefined) throw new Error(`an answer without a status: ${part}`);
    return { status, description: description === "" ? `Status ${status}` : description };
  });
}
