/** The one door through which modules are called: names places, and asks taps. */
import { ArgumentError, DTypeError, ShapeError, type Tensor } from '@espalier/tensor';
import { aTensor, check, describe, satisfies } from '@espalier/tensor/arguments';
import { showName } from '../config/fields.ts';
import { aCallContext, type CallContext, type CallSite, type PreparedTap } from './call-context.ts';
import { dotted } from './dotted.ts';
import type { Module } from './module.ts';

/** A context on its way down: what taps have replaced by a tensor of another type, for errors. */
interface Passing extends CallContext {
  readonly changes: string[];
}

/**
 * Calls a module in the place that a context says.
 * @throws {Error} what the module throws; after a tap has changed shape or dtype, with a word on which did.
 */
export function callIn(context: CallContext, module: Module, x: Tensor): Tensor {
  check('call', 'the context', context, aCallContext);
  if (context.taps.length === 0) return outputOf(module, x, context);
  if (context.site) return tapped(context as Passing, module, x);
  checkPlaces(context.taps, module);
  const passing: Passing = { ...context, changes: [] };
  try {
    return tapped(passing, module, x);
  } catch (error) {
    throw passing.changes.length === 0 ? error : explained(error, passing.changes);
  }
}

/**
 * What a module makes of a batch.
 * @throws {ArgumentError} where that is no tensor, such as of a `forward` that returns nothing or waits.
 */
export function outputOf(module: Module, x: Tensor, context?: CallContext): Tensor {
  const gave: unknown = module.forward(x, context);
  if (satisfies(aTensor, gave)) return gave;
  throw new ArgumentError(
    'call',
    `the forward of the module ${showName(module.type)} gave ${describe(gave)}; it must return a tensor, at once`,
  );
}

function tapped(context: Passing, module: Module, x: Tensor): Tensor {
  const site: CallSite = Object.freeze({ name: nameOf(context, module), module });
  const { child: _, ...others } = context;
  const taps = context.taps.filter(({ matches }) => matches(site.name, module));
  const passed = (end: 'input' | 'output', value: Tensor): Tensor =>
    taps.reduce((current, tap) => replaced(context, tap, end, current, site), value);
  const inner: Passing = Object.freeze({ ...others, site });
  return passed('output', outputOf(module, passed('input', x), inner));
}

/** Whether a tap looks at a module that is called with a context: what it computes has to be there then. */
export function isTapped(context: CallContext | undefined, module: Module): boolean {
  if (!context || context.taps.length === 0) return false;
  if (!context.site) return true;
  const name = nameOf(context, module);
  return context.taps.some(({ matches }) => matches(name, module));
}

/** The dotted name of the place where a module is called: as its caller says, or the first in which it stands there. */
function nameOf({ site, child }: CallContext, module: Module): string {
  if (!site) return '';
  if (child !== undefined) return dotted(site.name, child);
  for (const [name, each] of site.module.children()) if (each === module) return dotted(site.name, name);
  throw new ArgumentError(
    'call',
    `a ${module.type} is called in ${where(site)}, which has no such child, so that it has no name; register it there with addModule, or call it with below(context, name)`,
  );
}

function replaced(context: Passing, tap: PreparedTap, end: 'input' | 'output', value: Tensor, site: CallSite): Tensor {
  const given: unknown = tap[end]?.(value, site);
  if (given === undefined) return value;
  if (!satisfies(aTensor, given))
    throw new ArgumentError(
      'call',
      `${tap.label} returned ${describe(given)} for the ${end} of ${where(site)}; a tap returns the tensor that replaces it, or nothing`,
    );
  if (typeOf(given) !== typeOf(value))
    context.changes.push(`${tap.label} replaced the ${end} of ${where(site)}, ${typeOf(value)}, by ${typeOf(given)}`);
  return given;
}

const typeOf = ({ shape, dtype, device }: Tensor): string => `[${shape.join(', ')}] ${dtype} on ${device.name}`;
const where = ({ name, module }: CallSite): string => (name === '' ? `the ${module.type}` : `${name} (${module.type})`);

/** Errors of tensors that do not fit, which a replacement may be to blame for. */
const misfits = [ShapeError, DTypeError, ArgumentError] as const;

function explained(error: unknown, changes: readonly string[]): unknown {
  const Misfit = misfits.find((type) => error instanceof type);
  if (!Misfit) return error;
  const told = new Misfit('call', `${changes.join('; ')}; what follows does not take it: ${(error as Error).message}`);
  told.cause = error;
  return told;
}

/** @throws {ArgumentError} for a tap whose pattern no place of a model matches: most often a misspelling. */
function checkPlaces(taps: readonly PreparedTap[], model: Module): void {
  const places = [...placesOf(model, '')];
  for (const { at, label, matches } of taps) {
    if (typeof at === 'function' || places.some(([name, module]) => matches(name, module))) continue;
    const names = places.slice(1, 21).map(([name]) => name);
    throw new ArgumentError(
      'call',
      `${label} matches no module; there are the model itself ('')${names.length > 0 ? `, ${names.join(', ')}` : ''}${places.length > 21 ? ', …' : ''}`,
    );
  }
}

function* placesOf(module: Module, name: string): Generator<readonly [string, Module]> {
  yield [name, module];
  for (const [child, each] of module.children()) yield* placesOf(each, dotted(name, child));
}
