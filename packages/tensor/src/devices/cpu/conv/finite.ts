/**
 * Convolutions that multiply zeros around an image: they may where the other factor is finite. Where it is not, the same is
 * computed by a loop that knows what is outside, as that adds nothing, whatever it would be multiplied with.
 */
import { conv2dLoop } from '../../../kernel/contraction/conv2d-loop.ts';
import type { Access, Conv2dSpec } from '../../../kernel/spec.ts';
import { f32, i32, memoryOp, op } from '../assembler/expression.ts';
import type { Calls, Engine, WasmFunction } from '../engine.ts';
import { roundUp } from '../gemm/gemm.ts';
import { onceAnEngine } from '../once-an-engine.ts';

/** (address, count, flags, goOn): the i32 at `flags` is whether all of so many f32 are finite, the one behind it whether not. `goOn`: and whether what they were says so. */
const finiteKernel: (engine: Engine) => WasmFunction = onceAnEngine((engine) => {
  const { module } = engine.module();
  const f = module.function('finite', ['i32', 'i32', 'i32', 'i32'], 'none', true);
  const [address, count, flags, goOn] = f.arguments;
  const zero = op('f32x4.splat', f32(0));
  const zeros = Array.from({ length: 4 }, () => f.let(zero));
  const rest = f.let(f32(0));
  f.repeat(op('i32.shr_u', count, i32(4)), () => {
    for (const [i, sum] of zeros.entries())
      f.set(sum, op('f32x4.add', sum, op('f32x4.mul', memoryOp('v128.load', i * 16, [address]), zero)));
    f.increase(address, 64);
  });
  f.repeat(op('i32.and', count, i32(15)), () => {
    f.set(rest, op('f32.add', rest, op('f32.mul', memoryOp('f32.load', 0, [address]), f32(0))));
    f.increase(address, 4);
  });
  const sum = f.let(
    zeros
      .slice(1)
      .reduce((all, one) => op('f32x4.add', all, one), op('f32x4.add', zeros[0] ?? zero, op('f32x4.splat', rest))),
  );
  const isWrong = f.let(op('v128.any_true', op('f32x4.ne', sum, sum)));
  f.if(goOn, () => f.set(isWrong, op('i32.or', isWrong, memoryOp('i32.load', 4, [flags]))));
  f.store('i32.store', flags, op('i32.eqz', isWrong));
  f.store('i32.store', flags, isWrong, 4);
  return engine.instantiate(module)['finite'] as WasmFunction;
});

/** The calls of a convolution by its loop, all in the first of the units. */
export function outsideLoop(spec: Conv2dSpec, engine: Engine): Calls {
  const loop = engine.loop(conv2dLoop(spec));
  engine.reserve(loop.scratchBytes, 'conv2d');
  return () =>
    engine.serve(0, 1, () =>
      loop.whole(...spec.bindings.map((_, binding) => engine.address(binding)), engine.workspace),
    );
}

/** The calls `fast` where all elements of these factors are finite, else those of the loop. */
export function whereFinite(
  spec: Conv2dSpec,
  factors: readonly { readonly access: Access; readonly count: number }[],
  engine: Engine,
  fast: Calls,
): Calls {
  if (factors.length === 0) return fast;
  const isFinite = finiteKernel(engine);
  const slow = outsideLoop(spec, engine);
  const flagsAt = roundUp(engine.workspaceBytes, 64);
  engine.reserve(flagsAt + 8, 'conv2d');
  return () => {
    const flags = engine.workspace + flagsAt;
    for (const [at, { access, count }] of factors.entries())
      isFinite(engine.address(access.binding) + access.offset * 4, count, flags, at);
    engine.onlyIf(flags, fast);
    engine.onlyIf(flags + 4, slow);
  };
}
