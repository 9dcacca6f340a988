/** Adding elements to places given by indices, in a fixed order. */
import { dtypes, type TypedArray } from '../../dtype/dtype.ts';
import type { Access, Binding, ScatterAddSpec } from '../../kernel/spec.ts';
import type { Engine, Program } from './engine.ts';

function viewLength(access: Access, sizes: readonly number[]): number {
  return sizes.reduce((last, size, d) => last + Math.max(0, access.strides[d] ?? 0) * (size - 1), access.offset) + 1;
}

/** Places of f32 that get at most so many terms are added to without a carry. */
const shortSum = 64;

/**
 * The program of a scatter-add: additions in the output's own dtype, for 16-bit floats in doubles that are rounded at the
 * end. Rows of f32 that many terms go to carry what an addition rounds off to the next one (W. Kahan, "Further remarks on
 * reducing truncation errors", 1965), and come out within two roundings of the sum.
 */
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
  const mayCarry = outDType === 'f32' && count > shortSum;

  /** For each row of `o` that many terms go to, where its carries begin; -1 for the others. */
  const carriesOf = (index: TypedArray, o: number): { readonly places: Int32Array; readonly size: number } => {
    const places = new Int32Array(length);
    for (let c = 0; c < count; c++) {
      let at = spec.index.offset + o * indexOuter + c * indexCount;
      for (let i = 0; i < (indexInner === 0 ? 1 : inner); i++, at += indexInner) {
        const row = index[at] as number;
        if (row >= 0 && row < length) (places[row] as number)++;
      }
    }
    let size = 0;
    for (let row = 0; row < length; row++) {
      const many = (places[row] as number) > shortSum;
      places[row] = many ? size : -1;
      if (many) size += inner;
    }
    return { places, size };
  };

  const addAll = (totals: TypedArray, index: TypedArray, source: TypedArray): void => {
    for (let o = 0; o < outer; o++) {
      const carries = mayCarry ? carriesOf(index, o) : { places: undefined, size: 0 };
      const carry = new Float32Array(carries.size);
      const places = carries.size > 0 ? carries.places : undefined;
      for (let c = 0; c < count; c++) {
        let indexAt = spec.index.offset + o * indexOuter + c * indexCount;
        let sourceAt = spec.source.offset + o * sourceOuter + c * sourceCount;
        for (let i = 0; i < inner; i++) {
          const row = index[indexAt] as number;
          if (row >= 0 && row < length) {
            const at = (o * length + row) * inner + i;
            const value = decode(source[sourceAt] as number);
            const place = places === undefined ? -1 : (places[row] as number);
            const sum = (totals[at] as number) + value;
            if (place >= 0) {
              const whole = sum + (carry[place + i] as number);
              totals[at] = whole;
              const rest = whole - totals[at];
              // Of an infinite sum nothing is left over.
              carry[place + i] = Number.isFinite(rest) ? rest : 0;
            } else {
              // Typed arrays round floats by themselves; integers must wrap.
              totals[at] = kind === 'float' ? sum : sum | 0;
            }
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
