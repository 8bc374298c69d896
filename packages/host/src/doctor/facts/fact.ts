/** Something that the doctor wanted to know, or why it does not. */
export type Fact<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: string };

/** Thrown where a fact is needed that nobody could learn. Its message says why. */
export class Unknown extends Error {}

/** The value. @throws Unknown */
export function known<Value>(fact: Fact<Value>): Value {
  if (!fact.ok) throw new Unknown(fact.reason);
  return fact.value;
}

/** What `learn` finds out; whatever it throws is the reason why the fact is not known. */
export function learnt<Value>(learn: () => Value): Fact<Value> {
  try {
    return { ok: true, value: learn() };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
