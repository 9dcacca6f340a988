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
  /** What single options have to be. */
  readonly limits?: { readonly [Name in keyof Options]?: Limit };
  /** Complains, by its return value, of options that cannot work. */
  check?(options: Options): string | undefined;
}

/** A plug-in's name, and every option with its value, as stored with the study. */
export interface Plugin {
  readonly name: string;
  readonly options: JsonObject;
}

/**
 * The options of a plug-in, the given ones over the defaults.
 * @throws ValueError for an option that there is not, or that cannot work.
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
  for (const [option, limit] of Object.entries<Limit>({ ...definition.limits })) {
    const [accepts, wanted] = limit;
    const value = options[option as keyof Options];
    if (!accepts(value)) throw new ValueError(`${name}: ${option} is ${showValue(value)}: give ${wanted}`);
  }
  const problem = definition.check?.(options);
  if (problem !== undefined) throw new ValueError(`${name}: ${problem}`);
  return options;
}
