/**
 * What strategies and early stoppings have in common: a name, and options that JSON can hold, checked against their
 * defaults.
 */
import { showValue } from './checked/quote.ts';
import { ValueError } from './errors.ts';
import type { Limit } from './limits.ts';
import type { JsonObject, JsonValue } from './json.ts';

/** Options that JSON can hold. */
export type JsonOptions<Options> = { readonly [Name in keyof Options]: JsonValue };

/** What makes a plug-in, a strategy or an early stopping, out of a pure function. */
export interface PluginDefinition<Options> {
  /** Unique among the plug-ins of its kind. */
  readonly name: string;
  readonly defaults: Options;
  /** What single options have to be; those without a limit are of the kind of their default. */
  readonly limits?: { readonly [Name in keyof Options]?: Limit };
  /** Complains, by its return value, of options that cannot work. */
  check?(options: Options): string | undefined;
}

/** A plug-in's name, and every option with its value, as stored with the study. */
export interface Plugin {
  readonly name: string;
  readonly options: JsonObject;
}

/** What kind of JSON a value is, in words. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  const kinds: Readonly<Record<string, string>> = { number: 'a number', string: 'a text', boolean: 'true or false' };
  return kinds[typeof value] ?? 'an object';
}

/** What an option has to be; undefined where its default, nothing, says nothing of it. */
function limitOf<Options>({ limits, defaults }: PluginDefinition<Options>, option: keyof Options): Limit | undefined {
  const fallback = defaults[option];
  if (limits?.[option] || fallback === null) return limits?.[option];
  const wanted = kindOf(fallback);
  return [(value) => value !== null && kindOf(value) === wanted, wanted];
}

/**
 * The options of a plug-in, the given ones over the defaults.
 * @throws {ValueError} for an option that there is not, or that cannot work.
 */
export function pluginOptions<Options extends JsonOptions<Options>>(
  definition: PluginDefinition<Options>,
  given: Partial<Options>,
): Options {
  const { name, defaults } = definition;
  const unknown = Object.keys(given).find((option) => !Object.hasOwn(defaults, option));
  if (unknown !== undefined) {
    const known = Object.keys(defaults).join(', ') || 'none';
    throw new ValueError(`${name}: there is no option ${showValue(unknown)}: its options are ${known}`);
  }
  const options: Options = { ...defaults, ...given };
  for (const option of Object.keys(defaults) as (keyof Options & string)[]) {
    const limit = limitOf(definition, option);
    const value = options[option];
    if (limit === undefined || limit[0](value)) continue;
    throw new ValueError(`${name}: ${option} is ${showValue(value)}: give ${limit[1]}`);
  }
  const problem = definition.check?.(options);
  if (problem !== undefined) throw new ValueError(`${name}: ${problem}`);
  return options;
}
