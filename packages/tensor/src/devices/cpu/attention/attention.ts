/** Attention: which specs there are programs for, and the programs. */
import { dtypes } from '../../../dtype/dtype.ts';
import type { Access, AttentionShape, AttentionSpec, Binding } from '../../../kernel/spec.ts';
import type { Calls, Engine, WasmFunction } from '../engine.ts';
import { hasRelaxedSimd } from '../wide/relaxed.ts';
import { addForward, forwardOperands, forwardRooms, forwardUnits } from './forward.ts';
import { provideAttention } from './provided.ts';

/** With fewer queries most of a panel would be empty: products of few rows are faster. */
const fewestQueries = 4;
/** Numbers of a query or value whose products add up in one register. */
const largestSize = 256;

/** Whether there is a program. */
function accepts(spec: AttentionSpec): boolean {
  const { queries, keys, size, valueSize, out, logSum, batch, limits = [] } = spec;
  return (
    acceptsShape(spec) &&
    [out, logSum].every((access) => isFloat(spec, access)) &&
    out.strides.at(-1) === 1 &&
    queries >= fewestQueries &&
    keys >= 1 &&
    size >= 1 &&
    size <= largestSize &&
    valueSize >= 4 &&
    valueSize % 4 === 0 &&
    limits.every(({ dim }) => dim === batch.length + 1)
  );
}

function acceptsShape(spec: AttentionShape): boolean {
  const { bindings, q, k, v, mask, bias } = spec;
  return (
    [q, k, v, ...(bias ? [bias] : [])].every((access) => isFloat(spec, access)) &&
    (!mask || dtypes[(bindings[mask.binding] as Binding).dtype].kind === 'bool')
  );
}

function isFloat({ bindings }: AttentionShape, { binding }: Access): boolean {
  return (bindings[binding] as Binding).dtype === 'f32';
}

/** The calls of a program. */
function calls(spec: AttentionSpec, engine: Engine): Calls {
  const { module, library } = engine.module();
  addForward(module, library, spec, hasRelaxedSimd());
  const { attend } = engine.instantiate(module) as Readonly<Record<'attend', WasmFunction>>;
  engine.reserve(forwardRooms(spec).bytes, 'attention');
  const units = forwardUnits(spec);
  const bindings = Object.values(forwardOperands(spec)).map(({ binding }) => binding);
  if (spec.limits?.[0]) bindings.push(spec.limits[0].binding);
  return () =>
    engine.serve(0, units, () => {
      const addresses = bindings.map((binding) => engine.address(binding));
      attend(...engine.part(units), ...addresses, engine.workspace);
    });
}

provideAttention({ accepts, calls });
