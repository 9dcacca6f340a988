/** Whether several prunings leave each other something to do: known before the first of them is begun. */
import { build, type Module, type ModuleConfig } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import type { Pass } from '../recipe/pass.ts';
import { selectParameters, type NamedParameter } from '../selection/parameter-filter.ts';
import { dropCount, leastCount, sum, type PruneScope } from './allocate.ts';
import { maskOf } from './mask-view.ts';
import { checkPruning, type PruneOptions } from './options.ts';

/** A pruning of some parameters, and how many of their weights are gone after it. */
interface Pruned {
  readonly names: ReadonlySet<string>;
  readonly total: number;
  readonly scope: PruneScope;
}

/** The model that passes meet after others: that of the recipe, or the student that one of those puts in its place. */
export function modelAfter(model: Module, passes: readonly Pass[]): Module {
  const student = passes.findLast(({ effects }) => effects.includes('architecture'))?.config['student'];
  return student === undefined ? model : build(student as unknown as ModuleConfig, { seed: 0 });
}

/**
 * Which weights go is not known before, since training comes between: under global scope a tensor may lose all that
 * `maximum` allows.
 * @throws {RecipeError} for a pruning that may find more weights gone than it is to leave gone, or whose bounds leave
 * no choice.
 */
export async function checkPrunings(model: Module, passes: readonly Pass[]): Promise<void> {
  const begin = passes.findLastIndex(({ effects }) => effects.includes('architecture')) + 1;
  const before = passes.slice(0, begin);
  // What network another pass than `distill` puts in place is not known before it did.
  if (before.length > 0 && before.at(-1)?.config['student'] === undefined) return;
  const met = modelAfter(model, before);
  /** How many weights of a tensor are gone at most, and at least. */
  const most = new Map<string, number>();
  for (const [name, parameter] of met.namedParameters()) most.set(name, await goneOf(parameter));
  const least = new Map(most);
  const done: Pruned[] = [];
  for (const { config } of passes.slice(begin)) {
    if (config.type !== 'prune') continue;
    // The config of a prune is what it was given.
    const { type: _, ...options } = config as object as PruneOptions & { readonly type: string };
    const { sparsity, scope, bounds } = checkPruning('prune', options);
    const chosen = selectParameters('prune', met, options);
    for (const part of scope === 'global' ? [chosen] : chosen.map((each) => [each])) {
      const [gone, last] = mostGone(part, most, done);
      if (gone > dropCount(sparsity, sizeOf(part))) throw growthError(sparsity, gone, part, scope, last);
    }
    const total = scope === 'global' ? dropCount(sparsity, sizeOf(chosen)) : sum(chosen.map(countOf));
    if (scope === 'global') checkBounds(chosen, total, options, bounds.minimum, most, least, done);
    const allowed = ({ parameter }: NamedParameter): number => dropCount(bounds.maximum, parameter.size);
    // A default gives way to who asks for more.
    const isFree = options.maximum === undefined && total > sum(chosen.map(allowed));
    for (const each of chosen) {
      const { name, parameter } = each;
      const own = scope === 'local' ? countOf(each) : Math.min(total, isFree ? parameter.size : allowed(each));
      most.set(name, Math.max(most.get(name) ?? 0, own));
    }
    done.push({ names: new Set(chosen.map(({ name }) => name)), total, scope });

    function countOf({ parameter }: NamedParameter): number {
      return dropCount(sparsity, parameter.size);
    }
  }
}

/** How many weights of a parameter a mask took away. */
async function goneOf(parameter: NamedParameter['parameter']): Promise<number> {
  const kept = await maskOf(parameter)?.kept();
  return kept ? kept.reduce((count, each) => count + 1 - each, 0) : 0;
}

function sizeOf(part: readonly NamedParameter[]): number {
  return sum(part.map(({ parameter }) => parameter.size));
}

/** How many weights of a part are gone at most, and by which pruning before. */
function mostGone(
  part: readonly NamedParameter[],
  most: ReadonlyMap<string, number>,
  done: readonly Pruned[],
): readonly [number, Pruned | undefined] {
  const each = (parts: readonly NamedParameter[]): number => sum(parts.map(({ name }) => most.get(name) ?? 0));
  const last = done.findLast(({ names }) => part.some(({ name }) => names.has(name)));
  if (!last) return [each(part), last];
  // What it chose together is no more than its total, whatever each tensor may have lost.
  return [Math.min(each(part), last.total + each(part.filter(({ name }) => !last.names.has(name)))), last];
}

/** The error of a pruning that is to leave fewer weights gone than are gone, or may be by then. */
export function growthError(
  sparsity: number,
  gone: number,
  part: readonly NamedParameter[],
  scope: PruneScope,
  before?: Pruned,
): RecipeError {
  const [first] = part;
  const where = scope === 'local' && first ? ` of ${first.name}` : '';
  const are = before ? 'may be gone by then, after the prune before it' : 'are gone already';
  const remedy = !before
    ? 'ask for more, or start from the dense model'
    : scope === 'local' && before.scope === 'global'
      ? `give that one a maximum of at most ${sparsity}, or scope 'local'`
      : 'ask that one for less, or this one for more';
  return new RecipeError(
    'prune',
    `the sparsity is ${sparsity}, but ${before ? 'up to ' : ''}${gone} of ${sizeOf(part)} weights${where} ${are}; ${remedy}`,
  );
}

/** @throws {RecipeError} where the bounds of a pruning may leave no choice of the wanted number of weights. */
function checkBounds(
  chosen: readonly NamedParameter[],
  wanted: number,
  { maximum }: PruneOptions,
  minimum: number,
  most: ReadonlyMap<string, number>,
  least: ReadonlyMap<string, number>,
  done: readonly Pruned[],
): void {
  const each = (count: (size: number, name: string) => number): number =>
    sum(chosen.map(({ name, parameter }) => count(parameter.size, name)));
  const high =
    maximum === undefined
      ? each((size) => size)
      : each((size, name) => Math.max(dropCount(maximum, size), least.get(name) ?? 0));
  const low = Math.min(
    each((size, name) => Math.max(leastCount(minimum, size), most.get(name) ?? 0)),
    each((size) => leastCount(minimum, size)) + (minimum > 0 ? mostGone(chosen, most, done)[0] : 0),
  );
  if (wanted <= high && (minimum === 0 || wanted >= low)) return;
  throw new RecipeError(
    'prune',
    `${wanted} of ${sizeOf(chosen)} weights are to be gone, but its bounds allow ${low} to ${high}; widen minimum and maximum, or change the sparsity`,
  );
}
