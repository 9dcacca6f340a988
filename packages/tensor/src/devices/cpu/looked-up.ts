/**
 * Long maps from one number of 16 bits to another, as an activation is: there are no more than 2^16 of them, so that what is dear is
 * computed once for each, and looked up.
 */
import { dtypes } from '../../dtype/dtype.ts';
import type { Access, Binding, LoopInstruction, LoopSpec } from '../../kernel/spec.ts';
import { scalarInstructions } from '../../scalar/instructions.ts';
import { i32, memoryOp, op, v128, type Expression } from './assembler/expression.ts';
import { loopCalls, type Calls, type Engine, type WasmFunction } from './engine.ts';
import { onceAnEngine } from './once-an-engine.ts';

/** How many numbers there are. */
const numbers = 2 ** 16;
/** So many times as many elements, and the table is worth it. */
const leastSize = 8 * numbers;
/** What a map has to cost, in additions, to be dearer than a lookup. */
const leastCost = 16;
/** Elements of a unit. */
const together = 1024;

/** The calls of a loop that is a kernel by itself, whether it is looked up or computed. */
export function mapCalls(spec: LoopSpec, engine: Engine): Calls {
  return isLookedUp(spec) ? lookupCalls(spec, engine) : loopCalls(spec, engine);
}

/** Whether a loop is a dear map from as many numbers of 16 bits, side by side, to others. */
export function isLookedUp({ bindings, outer, inner, body, limits }: LoopSpec): boolean {
  const [size = 0] = outer;
  if (outer.length !== 1 || inner.length > 0 || limits || size < leastSize) return false;
  const isDense = ({ binding, offset, strides }: Access): boolean =>
    dtypes[(bindings[binding] as Binding).dtype].bytes === 2 && offset === 0 && strides[0] === 1;
  const cost = body.reduce((sum, step) => sum + (step.kind === 'scalar' ? scalarInstructions[step.op].cost : 0), 0);
  const isPlain = (step: LoopInstruction): boolean =>
    step.kind === 'constant' ||
    step.kind === 'scalar' ||
    (step.kind === 'load' && step.access.binding === 0 && isDense(step.access)) ||
    (step.kind === 'store' && step.access.binding === 1 && isDense(step.access) && !step.displaced);
  return bindings.length === 2 && cost >= leastCost && body.every(isPlain);
}

function lookupCalls(spec: LoopSpec, engine: Engine): Calls {
  const map = engine.loop({ ...spec, outer: [numbers] });
  const [count, lookUp] = [countKernel(engine), lookupKernel(engine)];
  const size = spec.outer[0] as number;
  const units = Math.ceil(size / together);
  // Whoever runs units has a table of his own.
  engine.reserve(4 * numbers, 'a map of 16 bits');
  return () => {
    const [patterns, table] = [engine.workspace, engine.workspace + 2 * numbers];
    engine.serve(0, units, () => {
      count(patterns);
      map.whole(patterns, table);
    });
    engine.serve(0, units, () => lookUp(...engine.part(units), engine.address(0), engine.address(1), table, size));
  };
}

/** (address): writes the numbers of 16 bits, one after the other. */
const countKernel: (engine: Engine) => WasmFunction = onceAnEngine((engine) => {
  const { module } = engine.module();
  const f = module.function('count', ['i32'], 'none', true);
  const [address] = f.arguments;
  const eight = f.let(v128([0x10000, 0x30002, 0x50004, 0x70006]));
  const step = f.let(op('i16x8.splat', i32(8)));
  f.repeat(numbers / 8, () => {
    f.store('v128.store', address, eight);
    f.set(eight, op('i16x8.add', eight, step));
    f.increase(address, 16);
  });
  return engine.instantiate(module)['count'] as WasmFunction;
});

/** (begin, end, from, to, table, size): looks up units of so many numbers. */
const lookupKernel: (engine: Engine) => WasmFunction = onceAnEngine((engine) => {
  const { module } = engine.module();
  const f = module.function('lookUp', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [begin, end, from, to, table, size] = f.arguments;
  const first = f.let(op('i32.mul', begin, i32(together)));
  for (const address of [from, to]) f.increase(address, op('i32.shl', first, i32(1)));
  const behind = f.let(op('i32.mul', end, i32(together)));
  f.if(op('i32.gt_u', behind, size), () => f.set(behind, size));
  const place = (lane: number): Expression =>
    op('i32.add', table, op('i32.shl', memoryOp('i32.load16_u', 2 * lane, [from]), i32(1)));
  f.repeatTogether(op('i32.sub', behind, first), 8, (count) => {
    if (count === 1) f.store('i32.store16', to, memoryOp('i32.load16_u', 0, [place(0)]));
    else {
      let found = f.let(memoryOp('v128.load16_splat', 0, [place(0)]));
      for (let lane = 1; lane < count; lane++)
        found = f.let(memoryOp('v128.load16_lane', 0, [place(lane), found], lane));
      f.store('v128.store', to, found);
    }
    for (const address of [from, to]) f.increase(address, 2 * count);
  });
  return engine.instantiate(module)['lookUp'] as WasmFunction;
});
