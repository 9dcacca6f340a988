/** Whether several prunings leave each other something to do: known before the first of them is begun. */
import { build, type Module, type ModuleConfig } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import type { Pass } from '../recipe/pass.ts';
import { copyModel } from '../views/copy.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { dropCount, leastCount, sum, type PruneScope, type SparsityBounds } from './allocate.ts';
import { mostLost, type LotteryOptions } from './lottery.ts';
import { maskOf } from './mask-view.ts';
import { checkPruning, type PruneOptions } from './options.ts';
import { isNOfM, isUnstructured, mostWeights, unitCount, unitWords, type Units } from './pattern.ts';
import { tensorsOf } from './tensors.ts';

/** A pruning of some parameters, and how many of their weights are gone after it. */
interface Pruned {
  readonly names: ReadonlySet<string>;
  readonly total: number;
  readonly scope: PruneScope;
}

/** A tensor that is pruned, and what it is to lose. */
interface Share extends NamedParameter {
  readonly sparsity: number;
  readonly bounds: SparsityBounds;
}

/** The model that passes meet after others: that of the recipe, or the student that one of those puts in its place. */
export function modelAfter(model: Module, passes: readonly Pass[]): Module {
  const students = passes
    .filter(({ effects }) => effects.includes('architecture'))
    .map(({ config }) => config['student']);
  if (students.at(-1) === undefined) return model;
  // Of the architecture that there was, where the student is to be of the same again.
  const own = students.findLast((student) => student !== undefined && student !== 'again') ?? model.config();
  return build(own as unknown as ModuleConfig, { seed: 0 });
}

/**
 * Which weights go is not known before, since training comes between: under global scope a tensor may lose all that
 * `maximum` allows.
 * @throws {RecipeError} for a pruning that may find more weights gone than it is to leave gone, or whose bounds leave
 * no choice.
 */
export async function checkPrunings(model: Module, passes: readonly Pass[]): Promise<void> {
  if (!passes.some(({ config }) => config.type === 'prune' || config.type === 'lottery')) return;
  // How large layers are after they were cut is not known before.
  if (passes.some(({ effects }) => effects.includes('structure'))) return;
  const begin = passes.findLastIndex(({ effects }) => effects.includes('architecture')) + 1;
  const before = passes.slice(0, begin);
  // What network another pass than `distill` puts in place is not known before it did.
  if (before.length > 0 && before.at(-1)?.config['student'] === undefined) return;
  const known = modelAfter(model, before);
  // A stored weight that is asked for its mask becomes dense, which is the copy's and not the caller's.
  const met = known.parameters().some(({ stored }) => stored) ? await copyModel(known) : known;
  /** How many weights of a tensor are gone at most, and at least. */
  const most = new Map<string, number>();
  for (const [name, parameter] of met.namedParameters()) most.set(name, await goneOf(parameter));
  const least = new Map(most);
  const done: Pruned[] = [];
  for (const { config } of passes.slice(begin)) {
    if (config.type === 'lottery') {
      const { type: _, ...lotteryOptions } = config as object as LotteryOptions & { readonly type: string };
      done.push(afterLottery(met, lotteryOptions, most));
      continue;
    }
    if (config.type !== 'prune') continue;
    // The config of a prune is what it was given.
    const { type: _, ...options } = config as object as PruneOptions & { readonly type: string };
    const pruning = checkPruning('prune', options);
    const { scope, units } = pruning;
    const { chosen: parameters, sparsities, bounds } = tensorsOf('prune', met, options, pruning);
    const chosen = parameters.map((each, index): Share => ({ ...each, sparsity: sparsities[index] as number, bounds: bounds[index] as SparsityBounds })); // prettier-ignore
    const names = new Set(chosen.map(({ name }) => name));
    if (!isUnstructured(units)) {
      // What is gone in whole units is not known before: the pass itself refuses. Others may be gone beside those.
      for (const each of chosen) most.set(each.name, (most.get(each.name) ?? 0) + mostOf(units, scope, each));
      for (const { name, parameter } of chosen) most.set(name, Math.min(most.get(name) ?? 0, parameter.size));
      done.push({ names, total: sum(chosen.map(({ name }) => most.get(name) ?? 0)), scope: 'local' });
      continue;
    }
    for (const part of scope === 'global' ? [chosen] : chosen.map((each) => [each])) {
      const [gone, last] = mostGone(part, most, done);
      const [{ sparsity, name }] = part as [Share];
      const size = sizeOf(part);
      if (gone > dropCount(sparsity, size))
        throw growthError({ sparsity, gone, size, name, scope, units, before: last });
    }
    const shared = chosen[0]?.sparsity ?? 0;
    const total = scope === 'global' ? dropCount(shared, sizeOf(chosen)) : sum(chosen.map(countOf));
    if (scope === 'global') checkBounds(chosen, total, options.maximum !== undefined, most, least, done);
    for (const each of chosen) {
      const { name, parameter, bounds: own } = each;
      const count = scope === 'local' ? countOf(each) : Math.min(total, dropCount(own.maximum, parameter.size));
      most.set(name, Math.max(most.get(name) ?? 0, count));
    }
    done.push({ names, total, scope });
  }
}

/** A lottery finds nothing undone, since it drops shares of what is left. */
function afterLottery(met: Module, options: LotteryOptions, most: Map<string, number>): Pruned {
  const tensors = mostLost(met, options);
  const goneBy = (): number => sum(tensors.map(({ name }) => most.get(name) ?? 0));
  const before = goneBy();
  for (const { name, parameter, share } of tensors)
    most.set(name, Math.min(parameter.size, (most.get(name) ?? 0) + Math.ceil(share * parameter.size)));
  const { rounds, share = 0.2, pattern, scope } = options;
  const isRanked = typeof share === 'number' && pattern === undefined && scope !== 'local';
  const ranked = before + Math.ceil((1 - (1 - Number(share)) ** rounds) * sizeOf(tensors));
  return {
    names: new Set(tensors.map(({ name }) => name)),
    total: isRanked ? Math.min(goneBy(), ranked) : goneBy(),
    scope: isRanked ? 'global' : 'local',
  };
}

function countOf({ parameter, sparsity }: Share): number {
  return dropCount(sparsity, parameter.size);
}

/** How many weights of a tensor a pattern takes away at most. */
function mostOf(units: Units, scope: PruneScope, { parameter, sparsity, bounds }: Share): number {
  if (isNOfM(units)) return Math.ceil(sparsity * parameter.size) + (parameter.shape[0] ?? 1) * units.m;
  const share = scope === 'global' ? Math.max(sparsity, bounds.maximum) : sparsity;
  return mostWeights(units, parameter.shape, dropCount(share, unitCount(units, parameter.shape)));
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

/** More is gone than a pruning is to leave gone, of all tensors or of one. */
interface Overgrown {
  readonly sparsity: number;
  readonly gone: number;
  readonly size: number;
  /** The tensor, where each is on its own. */
  readonly name: string;
  readonly scope: PruneScope;
  readonly units: Units;
  readonly before?: Pruned | undefined;
}

/** The error of a pruning that is to leave fewer weights gone than are gone, or may be by then. */
export function growthError({ sparsity, gone, size, name, scope, units, before }: Overgrown): RecipeError {
  const where = scope === 'local' ? ` of ${name}` : '';
  const are = before ? 'may be gone by then, after the prune before it' : 'are gone already';
  const remedy = !before
    ? 'ask for more, or start from the dense model'
    : scope === 'local' && before.scope === 'global'
      ? `give that one a maximum of at most ${sparsity}, or scope 'local'`
      : 'ask that one for less, or this one for more';
  return new RecipeError(
    'prune',
    `the sparsity is ${sparsity}, but ${before ? 'up to ' : ''}${gone} of ${size} ${unitWords(units)}${where} ${are}; ${remedy}`,
  );
}

/** @throws {RecipeError} where the bounds of a pruning may leave no choice of the wanted number of weights. */
function checkBounds(
  chosen: readonly Share[],
  wanted: number,
  hasMaximum: boolean,
  most: ReadonlyMap<string, number>,
  least: ReadonlyMap<string, number>,
  done: readonly Pruned[],
): void {
  const each = (count: (size: number, bounds: SparsityBounds, name: string) => number): number =>
    sum(chosen.map(({ name, parameter, bounds }) => count(parameter.size, bounds, name)));
  const high = hasMaximum
    ? each((size, { maximum }, name) => Math.max(dropCount(maximum, size), least.get(name) ?? 0))
    : each((size) => size);
  const isBounded = chosen.some(({ bounds }) => bounds.minimum > 0);
  const low = Math.min(
    each((size, { minimum }, name) => Math.max(leastCount(minimum, size), most.get(name) ?? 0)),
    each((size, { minimum }) => leastCount(minimum, size)) + (isBounded ? mostGone(chosen, most, done)[0] : 0),
  );
  if (wanted <= high && (!isBounded || wanted >= low)) return;
  throw new RecipeError(
    'prune',
    `${wanted} of ${sizeOf(chosen)} weights are to be gone, but its bounds allow ${low} to ${high}; widen minimum and maximum, or change the sparsity`,
  );
}
