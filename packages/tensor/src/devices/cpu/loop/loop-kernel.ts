/** Generates the WebAssembly function of a loop spec. */
import type { Phase } from '../../../kernel/phases.ts';
import type { LoopSpec } from '../../../kernel/spec.ts';
import { sizeOf } from '../../../shape/shape.ts';
import { call, i32, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { MathLibrary } from '../math/math-library.ts';
import { Addressing } from './addressing.ts';
import { inBlocks, type BlockEnds } from './block-ends.ts';
import { blocksOf, Folds } from './folds.ts';
import { unscaled } from './halves.ts';
import { arrange, vectorOperands, type Nest } from './nest.ts';
import { constantOf } from './reductions.ts';
import { readLength } from './lengths.ts';
import { moves } from './moves.ts';
import { registerTiles, type RegisterTiles } from './register-tiles.ts';
import { Scope } from './scope.ts';
import { Steps } from './steps.ts';
import type { Piece } from './tiles.ts';
import { inTrustedBlocks, isWorthTrust } from './trusted-blocks.ts';
import { unscaledSums } from './unscaled-sums.ts';
import type { Value } from './value.ts';
import { widthChoices, widthsFor, widthsUpTo, type Rounds, type WidthChoice, type WidthChoices } from './widths.ts';

/** What is known of a loop beside its spec. */
interface LoopOptions {
  /** Whether a part of it may be run again, since nothing that it reads is written. */
  readonly isRepeatable?: boolean;
  /** Maps of the same bindings that come first, whatever the part. */
  readonly before?: readonly LoopSpec[];
  /** Of a loop that is one of several: its units are counted from here on, and a part may have others too. */
  readonly firstUnit?: number;
}

/**
 * Adds `name(begin, end, …)` to a module, which runs a part of the units of the outermost loop on operands at the addresses
 * that follow. Returns how many units there are: rounds of that loop, of a vectorised one rounds of the widest vectors, the
 * last with what is left over.
 */
export function generateLoop(
  { spec, innermost }: Piece,
  module: ModuleBuilder,
  name: string,
  library: MathLibrary,
  { isRepeatable = false, before = [], firstUnit }: LoopOptions = {},
): number {
  const parameters = ['i32', 'i32', ...spec.bindings.map(() => 'i32' as const)] as const;
  const first = before.map((map, at) => {
    const f = module.function(`before ${name} ${at}`, parameters, 'none');
    return { f, units: new LoopGenerator(arrange(map), f, library, true).generate() };
  });
  const f = module.function(name, parameters, 'none', true);
  for (const { f: map, units } of first) f.do(call(map, i32(0), i32(units), ...f.arguments.slice(2)));
  return new LoopGenerator(arrange(spec, innermost), f, library, isRepeatable).generate(firstUnit);
}

/** Rows of at most so many points are written out instead of looped over, as the windows of a pooling are. */
const unrolledPoints = 9;

class LoopGenerator {
  readonly #nest: Nest;
  readonly #f: FunctionBuilder;
  readonly #addressing: Addressing;
  readonly #scope: Scope;
  readonly #isTrusting: boolean;
  readonly #steps: Steps;
  readonly #folds: Folds;
  readonly #tiles: RegisterTiles | undefined;
  readonly #choices: WidthChoices;
  /** How far each dimension with a limit goes in this run. */
  readonly #lengths: readonly (Local | undefined)[];

  constructor(nest: Nest, f: FunctionBuilder, library: MathLibrary, isRepeatable: boolean) {
    this.#nest = nest;
    this.#f = f;
    const bases = nest.spec.bindings.map((_, binding) => f.argument(2 + binding));
    this.#addressing = new Addressing(f, nest, bases);
    this.#scope = new Scope(f);
    const moved = moves(nest.spec);
    this.#isTrusting = isRepeatable && isWorthTrust(nest, moved);
    this.#steps = new Steps(nest, f, library, this.#addressing, this.#scope, moved);
    this.#folds = new Folds(nest, f, library, this.#scope, moved);
    this.#tiles = registerTiles(nest);
    this.#choices = widthChoices(nest);
    const sizes = [...nest.outer, ...nest.inner];
    this.#lengths = nest.limits.map(
      (limit, dim) => limit && readLength(f, bases[limit.binding] as Local, limit, sizes[dim] as number),
    );
  }

  /** Writes the code; the units of its outermost loop, counted from `first` on if there are others. */
  generate(firstUnit?: number): number {
    const { spec, mode } = this.#nest;
    if (spec.outer.includes(0)) return 1;
    for (const [position, step] of spec.body.entries()) {
      if (step.kind !== 'constant') continue;
      const value = constantOf(
        step.dtype,
        step.dtype === 'bool' ? (Number(step.value) === 0 ? 0 : 1) : Number(step.value),
      );
      this.#scope.set(position, { dtype: step.dtype, lanes: 1, registers: [value] });
      if (mode !== 'none') this.#scope.spread(position);
    }
    return this.#outermost(firstUnit);
  }

  /** The outermost loop, from the first to the last unit that is asked for. */
  #outermost(firstUnit: number | undefined): number {
    const { outer, inner, mode, interleaved } = this.#nest;
    const [size] = outer;
    const isVectorised = mode === 'rows' && outer.length === 1;
    const widths = isVectorised ? widthsFor(size ?? 1, this.#choices.rows) : [{ lanes: 1, count: size ?? 1 }];
    const [first, ...rest] = widths as [(typeof widths)[number], ...typeof widths];
    if (first.count === 1 || interleaved || this.#lengths[0]) {
      this.#outerLoops(0);
      return 1;
    }
    const [begin, end] = [this.#f.argument(0), this.#f.argument(1)];
    const rounds = (lanes: number, count: number | Expression): void =>
      this.#steps.behind(isVectorised ? this.#nest.before : [], lanes, count, () =>
        this.#f.repeat(count, () => {
          if (isVectorised) this.#row(lanes);
          else this.#outerLoops(1);
          this.#addressing.advance(0, lanes);
        }),
      );
    const write = (count: Expression): void => rounds(first.lanes, count);
    const units = (): void => {
      this.#addressing.advance(0, first.lanes === 1 ? begin : op('i32.mul', begin, i32(first.lanes)));
      const all = this.#f.let(op('i32.sub', end, begin));
      if (this.#isTrusting)
        inTrustedBlocks(this.#f, this.#steps.halves, {
          left: all,
          elements: first.lanes * sizeOf([...outer.slice(1), ...inner]),
          write,
          goBack: (count) => this.#addressing.advance(0, op('i32.mul', count, i32(-first.lanes))),
        });
      else write(all);
      if (rest.length > 0)
        this.#f.if(op('i32.eq', end, i32(first.count)), () => {
          for (const { lanes, count } of rest) rounds(lanes, count);
        });
    };
    if (firstUnit === undefined) units();
    else this.#amongOthers(firstUnit, first.count, units);
    return first.count;
  }

  /** What there is to do for those units of a part that are this loop's. */
  #amongOthers(firstUnit: number, count: number, units: () => void): void {
    const [begin, end] = [this.#f.argument(0), this.#f.argument(1)];
    for (const unit of [begin, end]) this.#f.increase(unit, -firstUnit);
    this.#f.if(op('i32.lt_s', begin, i32(0)), () => this.#f.set(begin, i32(0)));
    this.#f.if(op('i32.gt_s', end, i32(count)), () => this.#f.set(end, i32(count)));
    this.#f.if(op('i32.lt_s', begin, end), units);
  }

  #outerLoops(dim: number): void {
    const { outer, mode } = this.#nest;
    const size = outer[dim];
    if (size === undefined) this.#row(1);
    else if (this.#tiles?.dim === dim) this.#inTiles(this.#tiles);
    else if (mode === 'rows' && dim === outer.length - 1)
      this.#along(dim, size, this.#widths(dim, size, this.#choices.rows), (lanes) => this.#row(lanes));
    else this.#along(dim, size, this.#singly(dim, size), () => this.#outerLoops(dim + 1));
  }

  /** The two last loops, tile by tile. */
  #inTiles({ dim, side, loads }: RegisterTiles): void {
    const { outer, before } = this.#nest;
    const rounds = (at: number): readonly Rounds[] => [{ lanes: side, count: (outer[at] as number) / side }];
    const others = before.filter((position) => !loads.includes(position));
    const tile = (): void =>
      this.#scope.within(() => {
        const values = loads.map((position) => this.#steps.turnedOver(position, side));
        for (let index = 0; index < side; index++) {
          if (index > 0) this.#addressing.advance(dim, 1);
          this.#scope.within(() => {
            for (const [at, position] of loads.entries()) this.#scope.keep(position, values[at]?.[index] as Value);
            for (const position of others) this.#steps.write(position, side);
          });
        }
        this.#addressing.advance(dim, 1 - side);
      });
    this.#along(dim, outer[dim] as number, rounds(dim), () =>
      this.#along(dim + 1, outer[dim + 1] as number, rounds(dim + 1), tile),
    );
  }

  /** The vectors in which a dimension is gone through, and the rest. */
  #widths(dim: number, size: number, choice: WidthChoice): readonly Rounds[] {
    const length = this.#lengths[dim];
    return length ? widthsUpTo(this.#f, length, size, choice) : widthsFor(size, choice);
  }

  /** A dimension gone through one by one, each time for `lanes` indices of another. */
  #singly(dim: number, size: number, lanes = 1): readonly Rounds[] {
    return [{ lanes, count: this.#lengths[dim] ?? size }];
  }

  /**
   * Loops along one dimension, or writes its rounds out, moving the pointers of `positions`, and puts them back; calls
   * `settle` after every so many rounds.
   */
  #along(
    dim: number,
    size: number,
    widths: readonly Rounds[],
    body: (lanes: number) => void,
    positions?: readonly number[],
    { unroll = false, blocks }: { readonly unroll?: boolean; readonly blocks?: BlockEnds | undefined } = {},
  ): void {
    let moved = 0;
    const length = this.#lengths[dim];
    for (const { lanes, count } of widths) {
      if (typeof count !== 'number') {
        inBlocks(this.#f, count, blocks, () => {
          body(lanes);
          this.#addressing.advance(dim, lanes, positions);
        });
        continue;
      }
      const written = unroll ? count : 1;
      const ends = moved + lanes * count === size && count === written;
      const isOfRows = this.#nest.mode === 'rows' && dim === this.#nest.laneDim && count > 1;
      this.#steps.behind(isOfRows ? this.#nest.before : [], lanes, count, () =>
        inBlocks(this.#f, count / written, blocks, () => {
          for (let i = 0; i < written; i++) {
            body(lanes);
            if (!ends || i < written - 1) this.#addressing.advance(dim, lanes, positions);
          }
        }),
      );
      moved += lanes * (ends ? count - 1 : count);
    }
    this.#addressing.advance(dim, length ? op('i32.sub', i32(0), length) : -moved, positions);
  }

  /** One row, or with lanes over rows `lanes` of them. */
  #row(lanes: number): void {
    const { before, walks } = this.#nest;
    this.#scope.within(() => {
      for (const position of before) this.#steps.write(position, lanes);
      for (const walk of walks) {
        this.#walk(walk, lanes);
        for (const position of walk.rows) this.#steps.write(position, lanes);
      }
    });
  }

  #walk(walk: Phase, rowLanes: number): void {
    const { inner, outer, mode, spec } = this.#nest;
    const overPoints = mode === 'points';
    const innermost = outer.length + inner.length - 1;
    const last = inner.at(-1) ?? 1;
    const widths = overPoints
      ? this.#widths(innermost, last, this.#choices.points)
      : this.#singly(innermost, last, rowLanes);
    const widest = Math.max(...widths.map((width) => width.lanes));
    const lastRounds = overPoints
      ? widthsFor(last, this.#choices.points).reduce((sum, { count }) => sum + count, 0)
      : last;
    const blocks = blocksOf([...inner.slice(0, -1), lastRounds], outer.length);
    const accumulators = walk.reduces.map((position) =>
      this.#folds.start(position, widest, widths.at(-1)?.lanes === 1, blocks !== undefined),
    );
    const long = accumulators.filter(({ whole }) => whole !== undefined);
    const settle = (): void => {
      for (const accumulator of long) this.#folds.settle(accumulator);
    };
    const blocksIn = (dim: number): BlockEnds | undefined =>
      long.length > 0 && blocks?.dim === dim ? { rounds: blocks.rounds, settle } : undefined;
    // Row values that this walk needs in vectors are spread once, before it.
    if (widest > 1) for (const position of vectorOperands(this.#nest, walk)) this.#scope.spread(position);
    const unroll = !overPoints && !this.#lengths.some((length) => length) && sizeOf(inner) <= unrolledPoints;
    const sums = this.#steps.halves.areTrusted
      ? unscaledSums(this.#nest, this.#addressing, walk, widths)
      : new Set<number>();
    const points = (lanes: number): void => {
      this.#scope.within(() => {
        for (const position of walk.points) {
          const write = (): void => this.#steps.write(position, lanes);
          if (sums.has(position)) this.#steps.halves.withoutScale(write);
          else write();
        }
        for (const accumulator of accumulators) this.#folds.add(accumulator, lanes);
      });
    };
    const loops = (dim: number): void => {
      const size = inner[dim - outer.length];
      if (size === undefined) points(rowLanes);
      else if (dim === innermost)
        this.#along(
          dim,
          size,
          overPoints ? widths : this.#singly(dim, size),
          (lanes) => points(overPoints ? lanes : rowLanes),
          walk.points,
          { unroll, blocks: blocksIn(dim) },
        );
      else
        this.#along(dim, size, this.#singly(dim, size), () => loops(dim + 1), walk.points, {
          unroll,
          blocks: blocksIn(dim),
        });
    };
    if (!spec.inner.includes(0)) loops(outer.length);
    for (const accumulator of accumulators)
      this.#folds.finish(accumulator, rowLanes, sums.has(accumulator.step.arg) ? unscaled : 1);
  }
}
