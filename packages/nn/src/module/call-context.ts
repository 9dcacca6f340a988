/** What a call of a model carries down to every module in it. */
import type { Tensor } from '@espalier/tensor';
import {
  aFunction,
  aText,
  anObject,
  check,
  checkOptions,
  either,
  listOf,
  ruleOf,
  type OptionRules,
  type Rule,
} from '@espalier/tensor/arguments';
import type { Module } from './module.ts';

/** A place of a model where a module is called. */
export interface CallSite {
  /** Dotted name of the place: `0`, `3.body.1`; empty for the model itself. A module that stands in two places has two. */
  readonly name: string;
  readonly module: Module;
}

/**
 * What looks at a tensor, or replaces it by the tensor that it returns. It is called each time the module is. In a step that
 * is recorded (`compile`, `fit`, `evaluate`, `predict`) that is once, on tensors that have no values yet: what is to be seen
 * of each replay is returned from the step, or assigned to a tensor (`total.assign(total.add(…))`). Reading a value there
 * throws LifetimeError, as reading a tensor does that was only put aside. What `checkpoint` computes again, it sees again.
 */
export type TapFunction = (value: Tensor, site: CallSite) => Tensor | void;

/** What is observed or replaced, and where. */
export interface Tap {
  /**
   * The places: a dotted name in which `*` stands for any characters (`features.*`; `*` alone is every module and the model
   * itself), a regular expression over dotted names, or a test.
   */
  readonly at: string | RegExp | ((name: string, module: Module) => boolean);
  /** Given what a module is called with. */
  readonly input?: TapFunction;
  /** Given what a module returns. */
  readonly output?: TapFunction;
}

/**
 * Values that modules far below may need: masks, positions, caches. Whoever defines one says its type by declaration merging,
 * and a module reads it from the context that its `forward` is given.
 *
 * @example
 * declare module '@espalier/nn' { interface CallSlots { readonly mask?: Tensor } }
 */
export interface CallSlots {
  /** Who sees whom: a bool tensor that broadcasts to [..., heads, length, length], true where the row sees the column. */
  readonly attentionMask?: Tensor;
  /**
   * Where the positions of a call stand in their sequences, where that is not the order in which they come: i32 [length], or
   * [..., length] for sequences that begin at different places, such as those that are padded on the left.
   */
  readonly positions?: Tensor;
  readonly [name: string]: unknown;
}

/** What is known of a tap before it meets a module. */
export interface PreparedTap extends Tap {
  /** For errors. */
  readonly label: string;
  readonly matches: (name: string, module: Module) => boolean;
}

/** Carried down by each call: a value that never changes. Made by `callContext`. */
export interface CallContext {
  readonly taps: readonly PreparedTap[];
  readonly slots: CallSlots;
  /** The module whose `forward` was given this; undefined at the outset. */
  readonly site?: CallSite;
  /** Which of that module's children is called with it, where the caller says so: see `below`. */
  readonly child?: string;
}

/** What a context is made of. */
export interface CallContextOptions {
  /** In the order in which they are asked: the second one sees what the first one has replaced. */
  readonly taps?: readonly Tap[];
  readonly slots?: CallSlots;
}

const aTapFunction = aFunction as Rule<TapFunction>;
const aPlace = either<string | RegExp, Exclude<Tap['at'], string | RegExp>>(
  ruleOf(
    'a dotted name, in which * stands for any characters, a regular expression',
    (value) => aText.holds(value) || value instanceof RegExp,
  ),
  ruleOf('a function of a name and a module', aFunction.holds),
);

const tapRules: OptionRules<Tap> = { at: aPlace, input: aTapFunction, output: aTapFunction };

/** Taps. */
export const someTaps: Rule<readonly Tap[]> = listOf(
  ruleOf<Tap>("a tap, such as { at: '*', output: (y, { name }) => {} }", anObject.holds),
);

/** A context. */
export const aCallContext: Rule<CallContext> = ruleOf('what callContext() gives', (value) => {
  const taps: unknown = (value as Partial<CallContext> | null)?.taps;
  return (
    Array.isArray(taps) && taps.every((tap) => typeof (tap as Partial<PreparedTap> | null)?.matches === 'function')
  );
});

/**
 * The context of a call.
 * @throws {ArgumentError} for taps that are none.
 *
 * @example
 * const seen: Record<string, Tensor> = {};
 * const watch = callContext({ taps: [{ at: 'features.*', output: (y, { name }) => { seen[name] = y; } }] });
 * const y = model.call(x, watch);
 */
export function callContext(options: CallContextOptions = {}): CallContext {
  const { taps = [], slots = {} } = checkOptions('callContext', options, { taps: someTaps, slots: anObject });
  return Object.freeze({ taps: Object.freeze(taps.map(prepared)), slots: Object.freeze({ ...slots }) });
}

/** The context for a child of the module that was given one, by its name; nothing of nothing. */
export function below(context: CallContext | undefined, child: string): CallContext | undefined {
  return context && Object.freeze({ ...context, child: check('below', 'the name', child, aText) });
}

function prepared(tap: Tap): PreparedTap {
  const { input, output } = checkOptions('callContext', tap, tapRules);
  const at = check('callContext', 'at', tap.at, aPlace);
  const label = typeof at === 'string' ? `the tap at '${at}'` : at instanceof RegExp ? `the tap at ${at}` : 'a tap';
  return Object.freeze({ at, ...(input && { input }), ...(output && { output }), label, matches: matcherOf(at) });
}

function matcherOf(at: Tap['at']): PreparedTap['matches'] {
  if (typeof at === 'function') return at;
  const pattern = typeof at === 'string' ? patternOf(at) : new RegExp(at.source, at.flags.replaceAll(/[gy]/g, ''));
  return (name) => pattern.test(name);
}

function patternOf(text: string): RegExp {
  const literal = text.replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`);
  return new RegExp(`^${literal.replaceAll('*', '.*')}$`, 's');
}
