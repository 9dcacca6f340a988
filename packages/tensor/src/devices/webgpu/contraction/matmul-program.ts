/** Matrix products as programs. */
import { dtypes } from '../../../dtype/dtype.ts';
import { collapse } from '../../../kernel/collapse.ts';
import { finishing } from '../../../kernel/contraction/epilogue.ts';
import { matmulLoop } from '../../../kernel/contraction/matmul-loop.ts';
import type { Binding, MatmulSpec } from '../../../kernel/spec.ts';
import { loopProgram, loopStage } from '../loop/loop-program.ts';
import { slotsOf } from '../loop/map-kernel.ts';
import { prod } from '../numbers.ts';
import type { Profile, Program, Stage } from '../program.ts';
import { declareBuffers, plainMode } from '../wgsl/storage.ts';
import { WgslModule } from '../wgsl/wgsl-module.ts';
import { addGatheringFunctions, type Contraction } from './contraction.ts';
import { endsOf } from './ends.ts';
import { epilogueFinish, scratchFinish } from './finish.ts';
import { addMatrixFunctions, matrixOperand, vectorDirection, vectorMode } from './matrix-operand.ts';
import { registerTileStage } from './register-tile.ts';
import { sumOfParts } from './sum-of-parts.ts';
import { chooseTile, type TiledChoice } from './tile-choice.ts';
import { workgroupTileStage } from './workgroup-tile.ts';

/** One line that says what a product does, for labels and errors. */
function describeMatmul(spec: MatmulSpec): string {
  const batch = spec.batch.length === 0 ? '' : `${spec.batch.join('x')} of `;
  return `matmul ${batch}[${spec.m}, ${spec.k}] × [${spec.k}, ${spec.n}]${spec.epilogue === undefined ? '' : ' with epilogue'}`;
}

/** Whether both operands are floats, which is what tiles compute on. */
function isFloatProduct(spec: MatmulSpec): boolean {
  return [spec.a, spec.b].every(({ binding }) => dtypes[spec.bindings[binding]?.dtype ?? 'f32'].compute === 'f32');
}

/** The stage that computes a contraction as chosen. */
export function tileStage(contraction: Contraction, choice: TiledChoice): Stage {
  return choice.kind === 'register'
    ? registerTileStage(contraction, choice.tile)
    : workgroupTileStage(contraction, choice.tile);
}

/** The program of a matrix product. */
export function matmulProgram(spec: MatmulSpec, profile: Profile): Program {
  const label = describeMatmul(spec);
  const batch = prod(spec.batch);
  const choice = chooseTile(
    { batch, m: spec.m, n: spec.n, k: spec.k },
    profile,
    spec.bindings.length < profile.maxBindings,
    'any',
  );
  const empty = batch * spec.m * spec.n * spec.k === 0;
  if (choice.kind === 'loop' || empty || !isFloatProduct(spec)) return loopProgram(matmulLoop(spec), profile, label);
  const tile = tileStage(matmulContraction(spec, label, choice), choice);
  if (choice.splits === 1) return { label, stages: [tile], scratch: [] };
  const parts = sumOfParts({ ...spec, epilogue: finishing(spec) }, choice.splits, spec.limits);
  const gather = loopStage(collapse(parts), profile, `${label} (sum of parts)`);
  return {
    label,
    stages: gather === undefined ? [tile] : [tile, gather],
    scratch: [batch * choice.splits * spec.m * spec.n * 4],
  };
}

function matmulContraction(spec: MatmulSpec, title: string, choice: TiledChoice): Contraction {
  const { splits } = choice;
  // One k at a time has no use for vectors along k, nor for vectors of rows.
  const single = choice.kind === 'register' && choice.tile.depth === 1;
  const module = new WgslModule();
  const left = matrixOperand('left', spec.a, spec.bindings, spec.batch, spec.m);
  const right = matrixOperand('right', spec.b, spec.bindings, spec.batch, spec.n);
  const leftDirection = vectorDirection(left);
  const rightDirection = vectorDirection(right);
  const ends = endsOf(spec, spec.limits);
  const finish = epilogueFinish(spec.bindings, finishing(spec), spec.batch, spec.n, ends?.n);
  const modes = splits === 1 ? [...finish.modes] : spec.bindings.map(({ dtype }) => plainMode(dtype));
  // A buffer that is stored to as well keeps the mode its stores need.
  const mayVectorise = (binding: number): boolean => spec.bindings[binding]?.access === 'read';
  const leftVector = mayVectorise(left.binding) && !single ? leftDirection : 'none';
  const rightVector = mayVectorise(right.binding) && !(single && rightDirection === 'depth') ? rightDirection : 'none';
  if (leftVector !== 'none') modes[left.binding] = vectorMode(left);
  if (rightVector !== 'none') modes[right.binding] = vectorMode(right);
  const scratch: Binding[] = splits === 1 ? [] : [{ dtype: 'f32', access: 'write' }];
  const bindings =
    splits === 1 ? spec.bindings : spec.bindings.map((binding): Binding => ({ ...binding, access: 'read' }));
  declareBuffers(module, [...bindings, ...scratch], modes);
  addMatrixFunctions(module, 'left', left, modes[left.binding] ?? 'element', leftVector);
  addMatrixFunctions(module, 'right', right, modes[right.binding] ?? 'element', rightVector);
  addGatheringFunctions(module, {
    m: spec.m,
    n: spec.n,
    rows: choice.kind === 'workgroup' && leftVector !== 'side',
    columns: rightVector !== 'side',
  });
  if (splits === 1) finish.add(module, modes);
  else scratchFinish(module, spec.bindings.length, spec.m, spec.n);
  return {
    module,
    title,
    slots: slotsOf([...bindings, ...scratch]),
    batch: prod(spec.batch),
    m: spec.m,
    n: spec.n,
    k: spec.k,
    ends,
    splits,
    leftVector: leftVector === 'side' ? 'rows' : leftVector,
    rightVector: rightVector === 'side' ? 'columns' : rightVector,
  };
}
