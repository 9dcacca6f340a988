/** Convolution and its input gradient by sums over taps: images are framed one at a time, and nothing else is copied. */
import type { Access, Conv2dSpec } from '../../../kernel/spec.ts';
import { call, i32, memoryOp, op, type Callable, type Expression, type Local } from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Calls, Engine, WasmFunction } from '../engine.ts';
import { fillKernel } from '../fill.ts';
import { roundUp } from '../gemm/gemm.ts';
import { floatProducts } from '../gemm/multiply.ts';
import { chooseTile } from '../gemm/tile.ts';
import { outsideLoop } from './finite.ts';
import { addFraming, addPlacing } from './frames.ts';
import { tapPlan, type TapPart, type TapPlan } from './tap-geometry.ts';
import { addFilterPack, addTapProduct, chooseTapTile, mostDepth, panelsOf, type TapTile } from './tap-product.ts';
import { tapTiles, type TapTiles } from './tap-tiles.ts';

/** Units that a convolution is cut into at least, where it can be. */
const fewUnits = 8;
/** Bytes of an image's groups that are worth a unit. */
const unitBytes = 2 ** 16;

/** Whether rows are wide enough for vectors of neighbouring pixels, and sums not too deep. */
export function prefersTaps(spec: Conv2dSpec): boolean {
  if (spec.pass === 'weight') return false;
  return tapPlan(spec).parts.every(({ grid, taps }) => grid[1] >= 4 && taps.length <= mostDepth);
}

/** Where everything is in the workspace, in bytes. */
interface Places {
  readonly frame: number;
  readonly edge: number;
  readonly result: number;
  readonly flags: number;
}

/** A part of a plan, and where its things are. */
interface MadePart extends TapTiles {
  readonly part: TapPart;
  readonly tile: TapTile;
  readonly filtersAt: number;
  /** Bytes of the filters of a group. */
  readonly filterBytes: number;
  readonly tapTable: number;
  readonly weightTable: number;
  readonly tileTable: number;
}

/** The calls of a forward or input pass, for f32 operands of which none is empty. */
export function tapCalls(spec: Conv2dSpec, engine: Engine): Calls {
  const plan = tapPlan(spec);
  const forward = spec.pass === 'forward';
  const size = forward ? spec.outSize : spec.inSize;
  const { groups } = spec;
  const isPhased = plan.step.some((step) => step > 1);
  const frameBytes = plan.isImage ? 0 : plan.frame.planes * plan.frame.planeStep;
  const resultBytes = plan.channels * Math.max(...plan.parts.map(({ grid }) => grid[0] * grid[1])) * 4;
  const flags = 0;
  const frame = 64;
  const edge = frame + roundUp(frameBytes, 64);
  const result = edge + 512;
  const places: Places = { flags, frame, edge, result };
  let end = result + (isPhased ? roundUp(resultBytes, 64) : 0);
  const parts = plan.parts.map((part): MadePart => {
    const tile = chooseTapTile(plan.channels, part.grid[0], Math.ceil(part.grid[1] / 4));
    const tiles = tapTiles(part, plan.frame.frame[1], tile);
    const filterBytes = panelsOf({ channels: plan.channels, tile }) * part.taps.length * tile.channels * 4;
    const filtersAt = end;
    end = roundUp(end + filterBytes * groups, 64);
    const table = (values: Int32Array<ArrayBuffer>): number =>
      values.length === 0 ? 0 : engine.keepTable(values, 'conv2d').address;
    return {
      ...tiles,
      part,
      tile,
      filtersAt,
      filterBytes,
      tapTable: table(part.taps),
      weightTable: table(part.weights),
      tileTable: table(tiles.table),
    };
  });
  engine.reserve(end, 'conv2d');
  const slow = plan.hasZeros ? outsideLoop(spec, engine) : undefined;

  const sourceBytes = plan.frame.planes * plan.frame.size[0] * plan.frame.size[1] * 4;
  const targetBytes = plan.channels * size[0] * size[1] * 4;
  const together = groupsTogether(spec, sourceBytes + targetBytes);
  const units = spec.batch * Math.ceil(groups / together);
  const pieces = units >= fewUnits ? 1 : Math.ceil(fewUnits / units);
  const functions = engine.instantiate(
    makeModule(engine, plan, parts, { size, places, sourceBytes, targetBytes, groups }),
  );
  const named = (name: string): WasmFunction => functions[name] as WasmFunction;
  const fill = fillKernel(engine);
  const [source, target] = forward ? [spec.x, spec.y as Access] : [spec.y as Access, spec.x];

  return () => {
    const { workspace } = engine;
    const addressOf = ({ binding, offset }: Access): number => engine.address(binding) + offset * 4;
    const [from, to] = [addressOf(source), addressOf(target)];
    named('begin')(addressOf(spec.w), workspace);
    if (!plan.isImage) fill(workspace + places.frame, frameBytes);
    let unit = 0;
    for (let image = 0; image < spec.batch; image++) {
      for (let g = 0; g < groups; g += together, unit += pieces) {
        const at = [from + (image * groups + g) * sourceBytes, to + (image * groups + g) * targetBytes] as const;
        const count = Math.min(together, groups - g);
        if (pieces === 1) engine.serve(unit, 1, () => named('unit')(...at, g, count, workspace));
        else inPieces(unit, g, ...at);
      }
    }
    if (slow) engine.onlyIf(workspace + flags + 4, slow);
  };

  /** One image and group by several units. */
  function inPieces(first: number, g: number, from: number, to: number): void {
    const { workspace } = engine;
    engine.serve(first, pieces, () => named('frame')(from, workspace));
    for (const [piece, runs] of cut(parts, pieces, isPhased).entries())
      engine.serve(first + piece, 1, () => {
        for (const { at, begin, count } of runs) named(`part${at}`)(from, to, g, begin, count, workspace);
      });
  }
}

/** How many groups of an image a unit computes. */
function groupsTogether({ batch, groups }: Conv2dSpec, bytes: number): number {
  const most = Math.max(1, Math.floor(unitBytes / bytes));
  const forUnits = Math.max(1, Math.floor((groups * batch) / fewUnits));
  return Math.min(groups, most, forUnits);
}

/** Tiles of one part that a unit computes. */
interface Run {
  readonly at: number;
  readonly begin: number;
  readonly count: number;
}

/** Tiles by unit; parts that are placed afterwards stay whole. */
function cut(parts: readonly MadePart[], pieces: number, isPhased: boolean): readonly (readonly Run[])[] {
  const units: Run[][] = Array.from({ length: pieces }, () => []);
  for (const [at, { count: all }] of parts.entries()) {
    if (isPhased) units[at % pieces]?.push({ at, begin: 0, count: all });
    else
      for (const [piece, unit] of units.entries()) {
        const begin = Math.floor((all * piece) / pieces);
        unit.push({ at, begin, count: Math.floor((all * (piece + 1)) / pieces) - begin });
      }
  }
  return units;
}

interface ModulePlan {
  readonly size: readonly [number, number];
  readonly places: Places;
  readonly sourceBytes: number;
  readonly targetBytes: number;
  readonly groups: number;
}

const add = (a: Expression, b: Expression | number): Expression => op('i32.add', a, typeof b === 'number' ? i32(b) : b);
const times = (a: Expression, b: number): Expression => op('i32.mul', a, i32(b));

/**
 * begin(filters, workspace): packs filters. unit(source, result, group, groups, workspace): all of some groups of an image.
 * frame(source, workspace) and partN(source, result, group, tile, tiles, workspace): the same of one group in pieces. Units do
 * nothing where weights are not finite and meet zeros.
 */
function makeModule(engine: Engine, plan: TapPlan, parts: readonly MadePart[], all: ModulePlan): ModuleBuilder {
  const { module } = engine.module();
  const { size, places, sourceBytes, targetBytes, groups } = all;
  const framing = plan.isImage ? undefined : addFraming(module, 'framing', plan.frame);
  const pieces = parts.map((made, at) => addPart(module, plan, made, at, size, places));
  addBegin(module, plan, parts, groups);

  const frame = module.function('frame', ['i32', 'i32'], 'none', true);
  const [image, base] = frame.arguments;
  if (framing) frame.do(call(framing, image, add(base, places.frame)));

  const f = module.function('unit', ['i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [source, result, group, count, workspace] = f.arguments;
  f.repeat(count, () => {
    f.do(call(frame, source, workspace));
    for (const [at, piece] of pieces.entries())
      f.do(call(piece, source, result, group, i32(0), i32(parts[at]?.count ?? 0), workspace));
    f.increase(source, sourceBytes);
    f.increase(result, targetBytes);
    f.increase(group, 1);
  });
  return module;
}

function addPart(
  module: ModuleBuilder,
  plan: TapPlan,
  { part, tile, apart, words, filtersAt, filterBytes, tapTable, tileTable }: MadePart,
  at: number,
  size: readonly [number, number],
  places: Places,
): Callable {
  const { channels, step } = plan;
  const planes = {
    tile,
    channels,
    depth: part.taps.length,
    channelStep: part.grid[0] * part.grid[1] * 4,
    apart,
    depthStep: stepOf(part.taps),
  };
  const product = addTapProduct(module, `product${at}`, planes, floatProducts(chooseTile()));
  const f = module.function(`part${at}`, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [source, result, group, begin, count, workspace] = f.arguments;
  if (plan.hasZeros) f.if(memoryOp('i32.load', places.flags + 4, [workspace]), () => f.return());
  const frame = plan.isImage ? source : add(workspace, places.frame);
  const filters = add(add(workspace, filtersAt), times(group, filterBytes));
  const tiles = add(i32(tileTable), times(begin, words * 4));
  const run = (into: Expression): void =>
    f.do(call(product, frame, filters, into, tiles, count, i32(tapTable), add(workspace, places.edge)));
  if (step.every((pixels) => pixels === 1)) run(result);
  else {
    const own: Local = f.let(add(workspace, places.result));
    run(own);
    const place = { planes: channels, grid: part.grid, size, start: part.start, step };
    f.do(call(addPlacing(module, `place${at}`, place), own, result));
  }
  return f;
}

/** The step of an arithmetic progression; undefined of other numbers. */
function stepOf(values: Int32Array): number | undefined {
  const step = (values[1] ?? 0) - (values[0] ?? 0);
  return values.every((value, at) => value === (values[0] ?? 0) + at * step) ? step : undefined;
}

function addBegin(module: ModuleBuilder, plan: TapPlan, parts: readonly MadePart[], groups: number): void {
  const { channels, filterStep, groupStep } = plan;
  const f = module.function('begin', ['i32', 'i32'], 'none', true);
  const [filters, workspace] = f.arguments;
  f.store('i32.store', workspace, i32(1));
  f.store('i32.store', workspace, i32(0), 4);
  for (const [at, { part, tile, filtersAt, filterBytes, weightTable }] of parts.entries()) {
    if (part.taps.length === 0) continue;
    const lanes = { tile, channels, depth: part.taps.length, channelStep: filterStep };
    const pack = addFilterPack(module, `pack${at}`, lanes);
    const from = f.let(filters);
    const to = f.let(add(workspace, filtersAt));
    f.repeat(groups, () => {
      f.do(call(pack, from, to, i32(weightTable), workspace));
      f.increase(from, groupStep);
      f.increase(to, filterBytes);
    });
  }
}
