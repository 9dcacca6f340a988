/**
 * Stable sorting by a bitonic network (Batcher, "Sorting networks and their applications", 1968).
 *
 * Every element becomes a key, a u32 that orders as the elements do, paired with its position: ties are broken by
 * position, so no two pairs are equal and the network, not stable by itself, gives the stable order. Rows up to `blockLength` are sorted
 * in workgroup memory by one workgroup; longer ones are padded to a power of two in scratch memory, sorted block by block and then
 * merged with steps over storage until the steps fit into a block again.
 */
import { dtypes, type DType } from '../../../dtype/dtype.ts';
import type { Binding, SortSpec } from '../../../kernel/spec.ts';
import { slotsOf } from '../loop/map-kernel.ts';
import { clamp, powerOfTwoFrom } from '../numbers.ts';
import { gridOf, groupNumber, type Profile, type Program, type Stage } from '../program.ts';
import {
  declareBuffers,
  elementsPerWord,
  loadLines,
  plainMode,
  storeLines,
  type StorageMode,
} from '../wgsl/storage.ts';
import { indent, WgslModule } from '../wgsl/wgsl-module.ts';

/** Pairs that a workgroup sorts in its memory: 8 KiB. */
const blockLength = 1024;
const mostInvocations = 256;

/** The key of `value`: NaN above everything, the two zeros equal. */
function keyLines(module: WgslModule, dtype: DType, descending: boolean): string[] {
  const { compute } = dtypes[dtype];
  const ascending: Readonly<Record<string, string[]>> = {
    f32: [
      'let plain = select(value, 0.0, (bitcast<u32>(value) << 1u) == 0u);',
      `let order = bitcast<u32>(${module.use('order_of')}(plain)) ^ 0x80000000u;`,
      `let key = select(order, 0xffffffffu, ${module.use('is_nan')}(value));`,
    ],
    i32: ['let key = bitcast<u32>(value) ^ 0x80000000u;'],
    u32: ['let key = value;'],
    bool: ['let key = u32(value);'],
  };
  return [...(ascending[compute] ?? []), `return ${descending ? '~key' : 'key'};`];
}

/** What all stages share: how keys are read and results written. */
interface SortSite {
  readonly spec: SortSpec;
  readonly modes: readonly StorageMode[];
  readonly padded: number;
}

function addKeyFunction(module: WgslModule, { spec, modes }: SortSite): void {
  const dtype = spec.bindings[0]?.dtype ?? 'f32';
  module.add(`fn key_of(position: u32) -> u32 {
${indent([...loadLines(module, { binding: 0, dtype, mode: modes[0] ?? 'element' }, 'position', 'value'), ...keyLines(module, dtype, spec.descending)])}
}`);
}

/** Adds the function that writes element `rank` of `row`, given its old position in the row. */
function addWriteFunction(module: WgslModule, { spec, modes }: SortSite): void {
  const [input, values, positions] = spec.bindings as readonly [Binding, Binding, Binding];
  module.add(`fn write(row: u32, rank: u32, old: u32) {
${indent([
  ...loadLines(
    module,
    { binding: 0, dtype: input.dtype, mode: modes[0] ?? 'element' },
    `row * ${spec.length}u + old`,
    'value',
  ),
  ...storeLines(
    module,
    { binding: 1, dtype: values.dtype, mode: modes[1] ?? 'element' },
    `row * ${spec.length}u + rank`,
    'value',
  ),
  ...storeLines(
    module,
    { binding: 2, dtype: positions.dtype, mode: modes[2] ?? 'element' },
    `row * ${spec.length}u + rank`,
    dtypes[positions.dtype].compute === 'i32' ? 'bitcast<i32>(old)' : 'old',
  ),
])}
}`);
}

/** Pairs compare by key, then by position. */
const afterFunction = `fn after(a: vec2<u32>, b: vec2<u32>) -> bool {
  return a.x > b.x || (a.x == b.x && a.y > b.y);
}`;

/** Steps of the network in workgroup memory: merges of length 2 … `longest`, or only the one of length parameters.x. */
function blockSteps(invocations: number, block: number, merges: 'all' | 'last'): string[] {
  const merge = [
    `for (var span = ${merges === 'all' ? 'merged / 2u' : `${block / 2}u`}; span > 0u; span = span / 2u) {`,
    indent([
      `for (var pair = lane; pair < ${block / 2}u; pair += ${invocations}u) {`,
      indent([
        'let low = (pair / span) * span * 2u + pair % span;',
        'let high = low + span;',
        'let first = pairs[low];',
        'let second = pairs[high];',
        // Runs alternate in direction, so that each merge meets a rising and a falling one.
        `let rising = ((base + low) & ${merges === 'all' ? 'merged' : 'parameters.x'}) == 0u;`,
        'if (after(first, second) == rising) {',
        '  pairs[low] = second;',
        '  pairs[high] = first;',
        '}',
      ]),
      '}',
      'workgroupBarrier();',
    ]),
    '}',
  ];
  return merges === 'last'
    ? merge
    : [`for (var merged = 2u; merged <= ${block}u; merged = merged * 2u) {`, indent(merge), '}'];
}

/** One workgroup a row: load, sort, write. */
function shortRows(site: SortSite, invocations: number, title: string): Stage {
  const { spec, padded } = site;
  const module = new WgslModule();
  declareBuffers(module, spec.bindings, site.modes);
  module.declare(`var<workgroup> pairs: array<vec2<u32>, ${padded}>;`);
  addKeyFunction(module, site);
  addWriteFunction(module, site);
  module.add(afterFunction);
  const grid = gridOf(spec.rows);
  const lines = [
    `let row = ${groupNumber(grid)};`,
    `if (row >= ${spec.rows}u) { return; }`,
    'let base = 0u;',
    `for (var c = lane; c < ${padded}u; c += ${invocations}u) {`,
    // Padding comes last: its key is the largest and its position is beyond every real one.
    `  var key = 0xffffffffu;`,
    `  if (c < ${spec.length}u) { key = key_of(row * ${spec.length}u + c); }`,
    '  pairs[c] = vec2(key, c);',
    '}',
    'workgroupBarrier();',
    ...blockSteps(invocations, padded, 'all'),
    `for (var c = lane; c < ${spec.length}u; c += ${invocations}u) { write(row, c, pairs[c].y); }`,
  ];
  module.add(entryPoint(invocations, lines));
  return { code: module.text(title), entryPoint: 'main', slots: slotsOf(spec.bindings), workgroups: grid };
}

function entryPoint(invocations: number, lines: readonly string[]): string {
  return `@compute @workgroup_size(${invocations})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
${indent(lines)}
}`;
}

/** The stages for rows longer than a block; pairs live in a scratch buffer bound after the spec's. */
function longRows(site: SortSite, invocations: number, title: string): Stage[] {
  const { spec, padded } = site;
  const readOnly = spec.bindings.map((binding): Binding => ({ ...binding, access: 'read' }));
  const slots = [...slotsOf(readOnly), { slot: spec.bindings.length, writable: true }];
  const scratch = `@group(0) @binding(${spec.bindings.length}) var<storage, read_write> scratch: array<vec2<u32>>;`;
  const parametersLine = `@group(0) @binding(${spec.bindings.length + 1}) var<uniform> parameters: vec4<u32>;`;
  const blocksPerRow = padded / blockLength;
  const blockGrid = gridOf(spec.rows * blocksPerRow);
  const inBlock = (
    phase: string,
    load: readonly string[],
    merges: 'all' | 'last',
    parameters: Stage['parameters'],
  ): Stage => {
    const module = new WgslModule();
    declareBuffers(
      module,
      readOnly,
      site.modes.map((mode) => (mode === 'atomic' ? 'packed' : mode)),
    );
    module.declare(scratch);
    if (parameters !== undefined) module.declare(parametersLine);
    module.declare(`var<workgroup> pairs: array<vec2<u32>, ${blockLength}>;`);
    if (merges === 'all')
      addKeyFunction(module, { ...site, modes: site.modes.map((mode) => (mode === 'atomic' ? 'packed' : mode)) });
    module.add(afterFunction);
    const lines = [
      `let block = ${groupNumber(blockGrid)};`,
      `if (block >= ${spec.rows * blocksPerRow}u) { return; }`,
      `let row = block / ${blocksPerRow}u;`,
      // Where the block begins in its row, which decides the direction of its runs.
      `let base = block % ${blocksPerRow}u * ${blockLength}u;`,
      `for (var c = lane; c < ${blockLength}u; c += ${invocations}u) {`,
      indent(load),
      '}',
      'workgroupBarrier();',
      ...blockSteps(invocations, blockLength, merges),
      `for (var c = lane; c < ${blockLength}u; c += ${invocations}u) { scratch[row * ${padded}u + base + c] = pairs[c]; }`,
    ];
    module.add(entryPoint(invocations, lines));
    return {
      code: module.text(`${title}: ${phase}`),
      entryPoint: 'main',
      slots,
      workgroups: blockGrid,
      ...(parameters === undefined ? {} : { parameters }),
    };
  };
  const blocks = inBlock(
    'blocks',
    [
      'let position = base + c;',
      'var key = 0xffffffffu;',
      `if (position < ${spec.length}u) { key = key_of(row * ${spec.length}u + position); }`,
      'pairs[c] = vec2(key, position);',
    ],
    'all',
    undefined,
  );
  const merges: Stage[] = [];
  for (let merged = blockLength * 2; merged <= padded; merged *= 2) {
    for (let span = merged / 2; span >= blockLength; span /= 2)
      merges.push(wideStep(site, scratch, parametersLine, slots, title, merged, span));
    merges.push(
      inBlock('end of a merge', [`pairs[c] = scratch[row * ${padded}u + base + c];`], 'last', [merged, 0, 0, 0]),
    );
  }
  return [blocks, ...merges, writeOut(site, title)];
}

/** One step of a merge whose pairs are too far apart for a block. */
function wideStep(
  { spec, padded, modes }: SortSite,
  scratch: string,
  parametersLine: string,
  slots: Stage['slots'],
  title: string,
  merged: number,
  span: number,
): Stage {
  const module = new WgslModule();
  const readOnly = spec.bindings.map((binding): Binding => ({ ...binding, access: 'read' }));
  declareBuffers(
    module,
    readOnly,
    modes.map((mode) => (mode === 'atomic' ? 'packed' : mode)),
  );
  module.declare(scratch);
  module.declare(parametersLine);
  module.add(afterFunction);
  const pairs = (spec.rows * padded) / 2;
  const grid = gridOf(Math.ceil(pairs / 64));
  module.add(
    entryPoint(64, [
      `let pair = ${groupNumber(grid)} * 64u + lane;`,
      `if (pair >= ${pairs}u) { return; }`,
      'let span = parameters.y;',
      'let low = (pair / span) * span * 2u + pair % span;',
      'let high = low + span;',
      'let first = scratch[low];',
      'let second = scratch[high];',
      `let rising = (low & ${padded - 1}u & parameters.x) == 0u;`,
      'if (after(first, second) == rising) {',
      '  scratch[low] = second;',
      '  scratch[high] = first;',
      '}',
    ]),
  );
  return {
    code: module.text(`${title}: wide step`),
    entryPoint: 'main',
    slots,
    workgroups: grid,
    parameters: [merged, span, 0, 0],
  };
}

function writeOut(site: SortSite, title: string): Stage {
  const { spec, padded } = site;
  const module = new WgslModule();
  declareBuffers(module, spec.bindings, site.modes);
  module.declare(`@group(0) @binding(${spec.bindings.length}) var<storage, read_write> scratch: array<vec2<u32>>;`);
  addWriteFunction(module, site);
  const elements = spec.rows * spec.length;
  const grid = gridOf(Math.ceil(elements / 64));
  module.add(
    entryPoint(64, [
      `let point = ${groupNumber(grid)} * 64u + lane;`,
      `if (point >= ${elements}u) { return; }`,
      `let row = point / ${spec.length}u;`,
      `let rank = point % ${spec.length}u;`,
      `write(row, rank, scratch[row * ${padded}u + rank].y);`,
    ]),
  );
  return {
    code: module.text(`${title}: write`),
    entryPoint: 'main',
    slots: [...slotsOf(spec.bindings), { slot: spec.bindings.length, writable: true }],
    workgroups: grid,
  };
}

/** The program of a sort. */
export function sortProgram(spec: SortSpec, profile: Profile): Program {
  const label = `sort ${spec.rows} rows of ${spec.length}${spec.descending ? ', descending' : ''}`;
  if (spec.rows * spec.length === 0) return { label, stages: [], scratch: [] };
  const padded = Math.max(2, powerOfTwoFrom(spec.length));
  const modes = spec.bindings.map(({ dtype }, binding): StorageMode =>
    binding > 0 && elementsPerWord(dtype) > 1 ? 'atomic' : plainMode(dtype),
  );
  const site: SortSite = { spec, modes, padded };
  const invocations = clamp(Math.min(padded, blockLength) / 2, 1, Math.min(mostInvocations, profile.maxInvocations));
  if (padded <= blockLength) return { label, stages: [shortRows(site, invocations, label)], scratch: [] };
  return { label, stages: longRows(site, invocations, label), scratch: [spec.rows * padded * 8] };
}
