/** Values that survive JSON unchanged. */

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What a table has of a name, which may be any value from outside; nothing of what every object has by birth. */
export function own<Value>(table: Readonly<Record<string, Value>>, name: unknown): Value | undefined {
  // What is no text would become one by its toString, which ends the stack for a list nested without end.
  return typeof name === 'string' && Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Whether a value is an object with named fields: no array, no null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
