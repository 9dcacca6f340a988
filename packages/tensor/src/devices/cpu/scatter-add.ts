/** Adding elements to places given by indices, in a fixed order. */
import { dtypes, type TypedArray } from '../../dtype/dtype.ts';
import type { Access, Binding, ScatterAddSpec } from '../../kernel/spec.ts';
import type { Calls, Engine } from './engine.ts';
import type { Procedure } from './program/procedures.ts';
import type { Runner } from './program/runner.ts';
import { procedureCalls } from './procedure-calls.ts';
import { addsRows, scatterRowsCalls } from './scatter-rows.ts';

/** Places of f32 that get at most so many terms are added to without a carry. */
const shortSum = 64;

/** The calls of a scatter-add. */
export function scatterAddCalls(spec: ScatterAddSpec, engine: Engine): Calls {
  if (addsRows(spec)) return scatterRowsCalls(spec, engine);
  const bindings = [spec.index, spec.source, spec.out].map(({ binding }) => binding);
  return procedureCalls(engine, 'scatter-add', spec, spec.outer, bindings);
}

/** Room for numbers, kept from call to call and as large as the largest demand. */
class Room<Numbers extends Float64Array | Float32Array | Int32Array> {
  readonly #make: (length: number) => Numbers;
  #numbers: Numbers;

  constructor(make: (length: number) => Numbers) {
    this.#make = make;
    this.#numbers = make(0);
  }

  /** Room for `length` numbers, the first of which are 0. */
  zeros(length: number): Numbers {
    if (this.#numbers.length < length) this.#numbers = this.#make(length);
    else this.#numbers.fill(0, 0, length);
    return this.#numbers;
  }
}

/**
 * A scatter-add: additions in the output's own dtype, for 16-bit floats in doubles that are rounded at the end. Rows of f32
 * that many terms go to carry what an addition rounds off to the next one (W. Kahan, "Further remarks on reducing truncation
 * errors", 1965), and come out within two roundings of the sum.
 */
export function scatterAdd({ memory }: Runner, spec: ScatterAddSpec): Procedure {
  const { outer, count, inner, length } = spec;
  const dtypeOf = (access: Access): Binding['dtype'] => (spec.bindings[access.binding] as Binding).dtype;
  const [indexDType, sourceDType, outDType] = [dtypeOf(spec.index), dtypeOf(spec.source), dtypeOf(spec.out)];
  const { decode } = dtypes[sourceDType];
  const { encode, kind } = dtypes[outDType];
  const isHalf = outDType === 'f16' || outDType === 'bf16';
  const [indexOuter = 0, indexCount = 0, indexInner = 0] = spec.index.strides;
  const [sourceOuter = 0, sourceCount = 0, sourceInner = 0] = spec.source.strides;
  const mayCarry = outDType === 'f32' && count > shortSum;
  const placesRoom = new Room((size) => new Int32Array(size));
  const carryRoom = new Room((size) => new Float32Array(size));
  const totalsRoom = new Room((size) => new Float64Array(size));

  /** Writes for each row that many terms go to where its carries begin, -1 for the others; how many carries there are. */
  const findCarries = (places: Int32Array, index: TypedArray, first: number): number => {
    for (let c = 0; c < count; c++) {
      let at = first + c * indexCount;
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
    return size;
  };

  /** Adds the terms of one outer index; arguments are numbers of elements. */
  const addAll = (
    totals: TypedArray,
    index: TypedArray,
    source: TypedArray,
    firstTotal: number,
    firstIndex: number,
    firstSource: number,
  ): void => {
    const places = mayCarry ? placesRoom.zeros(length) : undefined;
    const carries = places === undefined ? 0 : findCarries(places, index, firstIndex);
    const carry = carryRoom.zeros(carries);
    for (let c = 0; c < count; c++) {
      let indexAt = firstIndex + c * indexCount;
      let sourceAt = firstSource + c * sourceCount;
      for (let i = 0; i < inner; i++) {
        const row = index[indexAt] as number;
        if (row >= 0 && row < length) {
          const at = firstTotal + row * inner + i;
          const value = decode(source[sourceAt] as number);
          const place = carries === 0 || places === undefined ? -1 : (places[row] as number);
          const sum = (totals[at] as number) + value;
          if (place >= 0) {
            const whole = sum + (carry[place + i] as number);
            totals[at] = whole;
            const rest = whole - totals[at];
            // Of an infinite sum nothing is left over.
            carry[place + i] = Number.isFinite(rest) ? rest : 0;
          } else {
            // Typed arrays round floats by themselves; integers must wrap, and two that are true are true.
            totals[at] = kind === 'float' ? sum : kind === 'bool' ? encode(sum) : sum | 0;
          }
        }
        indexAt += indexInner;
        sourceAt += sourceInner;
      }
    }
  };

  const firstOf = (access: Access, address: number | undefined): number =>
    ((address as number) >>> 0) / dtypes[dtypeOf(access)].bytes + access.offset;

  return (begin, end, indexAt, sourceAt, outAt) => {
    const out = memory.elements(outDType);
    const index = memory.elements(indexDType);
    const source = memory.elements(sourceDType);
    const firstOut = firstOf(spec.out, outAt);
    const firstIndex = firstOf(spec.index, indexAt);
    const firstSource = firstOf(spec.source, sourceAt);
    const size = length * inner;
    for (let o = begin; o < Math.min(end, outer); o++) {
      const at = firstOut + o * size;
      const totals = isHalf ? totalsRoom.zeros(size) : out;
      if (!isHalf) out.fill(0, at, at + size);
      addAll(totals, index, source, isHalf ? 0 : at, firstIndex + o * indexOuter, firstSource + o * sourceOuter);
      // Most are 0, and rounding is dear.
      if (isHalf)
        for (let i = 0; i < size; i++) {
          const total = totals[i] as number;
          out[at + i] = total === 0 ? 0 : encode(total);
        }
    }
  };
}
