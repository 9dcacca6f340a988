/** Attention: which specs there are programs for, and the programs. */
import { dtypes } from '../../../dtype/dtype.ts';
import type { Access, AttentionGradientSpec, AttentionShape, AttentionSpec, Binding } from '../../../kernel/spec.ts';
import type { Calls, Engine, WasmFunction } from '../engine.ts';
import { hasRelaxedSimd } from '../wide/relaxed.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { MathLibrary } from '../math/math-library.ts';
import { addGradient, gradientOperands, gradientRooms, gradientUnits } from './gradient.ts';
import { addForward, forwardOperands, forwardRooms, forwardUnits } from './forward.ts';
import { attentionPrograms } from './provided.ts';

/** With fewer queries most of a panel would be empty: products of few rows are faster. */
const fewestQueries = 4;
/** Numbers of a query or value whose products add up in one register. */
const largestSize = 256;
/** Sums over so many keys, or queries of a part, are within their bounds: blocks of them add up in f32. */
const [mostKeys, mostQueries] = [32_768, 16_384];

/** Whether there is a program. */
function accepts(spec: AttentionSpec): boolean {
  const { out, logSum, batch, limits = [] } = spec;
  return (
    acceptsShape(spec) &&
    [out, logSum].every((access) => isFloat(spec, access)) &&
    out.strides.at(-1) === 1 &&
    limits.every(({ dim }) => dim === batch.length + 1)
  );
}

function acceptsShape(spec: AttentionShape): boolean {
  const { bindings, queries, keys, size, valueSize, q, k, v, mask, bias } = spec;
  return (
    queries >= fewestQueries &&
    keys >= 1 &&
    size >= 1 &&
    Math.max(size, valueSize) <= largestSize &&
    valueSize >= 4 &&
    valueSize % 4 === 0 &&
    [q, k, v, ...(bias ? [bias] : [])].every((access) => isFloat(spec, access)) &&
    (!mask || dtypes[(bindings[mask.binding] as Binding).dtype].kind === 'bool')
  );
}

function isFloat({ bindings }: AttentionShape, { binding }: Access): boolean {
  return (bindings[binding] as Binding).dtype === 'f32';
}

/** Whether there is a program for gradients. */
function acceptsGradient(spec: AttentionGradientSpec): boolean {
  const { queries, keys, parts, size, valueSize, g, logSum, delta, dq, dk, dv } = spec;
  const isPacked = ({ strides }: Access, width: number): boolean => strides.at(-1) === 1 && strides.at(-2) === width;
  return (
    acceptsShape(spec) &&
    [g, logSum, delta, dq, dk, dv].every((access) => isFloat(spec, access)) &&
    isPacked(dq, size) &&
    isPacked(dk, size) &&
    isPacked(dv, valueSize) &&
    size % 4 === 0 &&
    keys <= mostKeys &&
    queries <= parts * mostQueries
  );
}

type Added<Spec> = (module: ModuleBuilder, library: MathLibrary, spec: Spec, relaxed: boolean) => void;

/** The calls of the function that is added to a module: (begin, end, ...addresses of bindings, workspace). */
function callsOf<Spec extends AttentionShape>(
  spec: Spec,
  engine: Engine,
  add: Added<Spec>,
  units: number,
  workspaceBytes: number,
  bindings: readonly number[],
): Calls {
  const { module, library } = engine.module();
  add(module, library, spec, hasRelaxedSimd());
  const [run] = Object.values(engine.instantiate(module)) as [WasmFunction];
  engine.reserve(workspaceBytes, 'attention');
  return () =>
    engine.serve(0, units, () => {
      const addresses = bindings.map((binding) => engine.address(binding));
      run(...engine.part(units), ...addresses, engine.workspace);
    });
}

function calls(spec: AttentionSpec, engine: Engine): Calls {
  const bindings = Object.values(forwardOperands(spec)).map(({ binding }) => binding);
  if (spec.limits?.[0]) bindings.push(spec.limits[0].binding);
  return callsOf(spec, engine, addForward, forwardUnits(spec), forwardRooms(spec).bytes, bindings);
}

function gradientCalls(spec: AttentionGradientSpec, engine: Engine): Calls {
  const bindings = Object.values(gradientOperands(spec)).map(({ binding }) => binding);
  return callsOf(spec, engine, addGradient, gradientUnits(spec), gradientRooms(spec).bytes, bindings);
}

attentionPrograms.forward.provide({ accepts, calls });
attentionPrograms.gradient.provide({ accepts: acceptsGradient, calls: gradientCalls });
