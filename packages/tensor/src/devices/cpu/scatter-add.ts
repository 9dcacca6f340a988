/** Adding elements to places given by indices, in a fixed order. */
import { dtypes, type TypedArray } from '../../dtype/dtype.ts';
import type { Access, Binding, ScatterAddSpec } from '../../kernel/spec.ts';
import type { Engine, Program } from './engine.ts';

function viewLength(access: Access, sizes: readonly number[]): number {
  return sizes.reduce((last, size, d) => last + Math.max(0, access.strides[d] ?? 0) * (size - 1), access.offset) + 1;
}

/** The program of a scatter-add: additions in the output's own dtype, for 16-bit floats in doubles that are rounded at the end. */
export function scatterAddProgram(spec: ScatterAddSpec, engine: Engine): Program {
  const { outer, count, inner, length } = spec;
  const sizes = [outer, count, inner];
  const dtypeOf = (access: Access): Binding['dtype'] => (spec.bindings[access.binding] as Binding).dtype;
  const [indexDType, sourceDType, outDType] = [dtypeOf(spec.index), dtypeOf(spec.source), dtypeOf(spec.out)];
  const { decode } = dtypes[sourceDType];
  const { encode, bytes, kind } = dtypes[outDType];
  const isHalf = outDType === 'f16' || outDType === 'bf16';
  const [indexOuter = 0, indexCount = 0, indexInner = 0] = spec.index.strides;
  const [sourceOuter = 0, sourceCount = 0, sourceInner = 0] = spec.source.strides;
  const outSize = outer * length * inner;
  const indexLength = viewLength(spec.index, sizes);
  const sourceLength = viewLength(spec.source, sizes);

  const addAll = (totals: TypedArray, index: TypedArray, source: TypedArray): void => {
    for (let o = 0; o < outer; o++) {
      for (let c = 0; c < count; c++) {
        let indexAt = spec.index.offset + o * indexOuter + c * indexCount;
        let sourceAt = spec.source.offset + o * sourceOuter + c * sourceCount;
        for (let i = 0; i < inner; i++) {
          const row = index[indexAt] as number;
          if (row >= 0 && row < length) {
            const at = (o * length + row) * inner + i;
            const sum = (totals[at] as number) + decode(source[sourceAt] as number);
            // Typed arrays round floats by themselves; integers must wrap.
            totals[at] = kind === 'float' ? sum : sum | 0;
          }
          indexAt += indexInner;
          sourceAt += sourceInner;
        }
      }
    }
  };

  return () => {
    const out = engine.memory.view(outDType, engine.address(spec.out.binding) + spec.out.offset * bytes, outSize);
    const totals = isHalf ? new Float64Array(outSize) : out;
    totals.fill(0);
    if (!sizes.includes(0)) {
      const index = engine.memory.view(indexDType, engine.address(spec.index.binding), indexLength);
      const source = engine.memory.view(sourceDType, engine.address(spec.source.binding), sourceLength);
      addAll(totals, index, source);
    }
    if (isHalf) totals.forEach((total, at) => (out[at] = encode(total)));
  };
}
