/**
 * Convolution and its gradients: which way suits a shape. Images and input gradients are sums over taps, weight gradients sums
 * over pixels, with four pixels in a vector where there are few outputs; narrow images are products of patches, or loops.
 */
import { dtypes, type DType } from '../../../dtype/dtype.ts';
import type { Access, Binding, Conv2dSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';
import { fillKernel } from '../fill.ts';
import { widenedCalls } from '../widen.ts';
import { directCalls, prefersLoops } from './direct.ts';
import { whereFinite } from './finite.ts';
import { channelsPerGroup, meetsZeros } from './geometry.ts';
import { laneCalls, lanesMeetZeros, prefersLanes } from './lane-gradient.ts';
import { patchCalls } from './patches.ts';
import { pixelCalls } from './pixel-gradient.ts';
import { prefersTaps, tapCalls } from './taps.ts';

/** Whether all operands are computed in f32, and there is no epilogue. */
export function acceptsConv2d(spec: Conv2dSpec): boolean {
  return spec.epilogue === undefined && spec.bindings.every((binding) => dtypes[binding.dtype].compute === 'f32');
}

/** The calls of one pass. */
export function conv2dCalls(spec: Conv2dSpec, engine: Engine): Calls {
  if (spec.bindings.some((binding) => binding.dtype !== 'f32')) return widenedConv(spec, engine);
  const sizes = operandSizes(spec);
  const written = writtenOperand[spec.pass];
  if (Object.values(sizes).includes(0)) return zeros(engine, spec[written] as Access, sizes[written]);
  if (prefersTaps(spec)) return tapCalls(spec, engine);
  const isLanes = prefersLanes(spec);
  const others = isLanes
    ? lanesMeetZeros(spec)
    : meetsZeros(spec)
      ? ([spec.pass === 'weight' ? 'y' : 'w'] as const)
      : [];
  const factors = others.map((name) => ({ access: spec[name] as Access, count: sizes[name] }));
  return whereFinite(spec, factors, engine, (isLanes ? laneCalls : otherCalls(spec))(spec, engine));
}

function otherCalls(spec: Conv2dSpec): (spec: Conv2dSpec, engine: Engine) => Calls {
  if (spec.pass === 'weight') return pixelCalls;
  return prefersLoops(spec) ? directCalls : patchCalls;
}

const writtenOperand = { forward: 'y', input: 'x', weight: 'w' } as const;

function operandSizes(spec: Conv2dSpec): Record<'x' | 'w' | 'y', number> {
  return {
    x: spec.batch * spec.inChannels * spec.inSize[0] * spec.inSize[1],
    w: spec.outChannels * channelsPerGroup(spec).inputs * spec.kernel[0] * spec.kernel[1],
    y: spec.batch * spec.outChannels * spec.outSize[0] * spec.outSize[1],
  };
}

function zeros(engine: Engine, access: Access, size: number): Calls {
  const fill = fillKernel(engine);
  return () => fill(engine.address(access.binding) + access.offset * 4, size * 4);
}

/** Convolution of 16-bit floats through f32 copies. */
function widenedConv(spec: Conv2dSpec, engine: Engine): Calls {
  const sizes = operandSizes(spec);
  const written = writtenOperand[spec.pass];
  const names = [...(['x', 'w', 'y'] as const).filter((name) => name !== written), written];
  const dtypeOf = (access: Access): DType => (spec.bindings[access.binding] as Binding).dtype;
  const operands = names.map((name) => ({
    access: { ...(spec[name] as Access), strides: [1] },
    sizes: [sizes[name]],
    dtype: dtypeOf(spec[name] as Access),
  }));
  return widenedCalls(engine, operands, (accesses) => {
    // Operands of convolutions are contiguous, as their copies are.
    const strided = (name: 'x' | 'w' | 'y', i: number): Access => ({
      ...(accesses[i] as Access),
      strides: (spec[name] as Access).strides,
    });
    const wide = Object.fromEntries(names.map((name, i) => [name, strided(name, i)])) as Record<
      'x' | 'w' | 'y',
      Access
    >;
    const bindings = names.map((name): Binding => ({ dtype: 'f32', access: name === written ? 'write' : 'read' }));
    return conv2dCalls({ ...spec, ...wide, bindings }, engine);
  });
}
