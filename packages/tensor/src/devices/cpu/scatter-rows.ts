/**
 * Rows of floats added to rows that indices name, as in the gradient of a lookup. Terms are put in order of their rows first, so that
 * each row is written once, from sums in registers; rows that nothing goes to are zeros.
 */
import { dtypes, isFloat, type DType } from '../../dtype/dtype.ts';
import type { Access, Binding, ScatterAddSpec } from '../../kernel/spec.ts';
import { f64, i32, memoryOp, op, v128, type Expression, type Local } from './assembler/expression.ts';
import type { FunctionBuilder } from './assembler/function-builder.ts';
import type { ModuleBuilder } from './assembler/module-builder.ts';
import type { Calls, Engine, WasmFunction } from './engine.ts';
import { Halves } from './loop/halves.ts';
import { loadScalar, loadVector, storeScalar, storeVector, type Place } from './loop/storage.ts';
import { convertVector } from './loop/vector-code.ts';
import type { MathLibrary } from './math/math-library.ts';

const dtypeOf = ({ bindings }: ScatterAddSpec, { binding }: Access): DType => (bindings[binding] as Binding).dtype;

/** Whether a scatter-add is one of these. */
export function addsRows(spec: ScatterAddSpec): boolean {
  const { index, source, out, outer, inner, length } = spec;
  const [from, to] = [dtypeOf(spec, source), dtypeOf(spec, out)];
  const isNarrow = from === to && isFloat(to) && to !== 'f64';
  const areRows = index.strides[2] === 0 && source.strides[2] === 1;
  return isNarrow && areRows && dtypeOf(spec, index) === 'i32' && outer * inner * length > 0;
}

/** Rows of a unit. */
const rowsTogether = 64;
/** Rows of f32 are summed up in f32 if at most so many terms go to them. */
const shortSum = 64;
const word = 4;

/** The calls of such a scatter-add. Units are groups of rows. */
export function scatterRowsCalls(spec: ScatterAddSpec, engine: Engine): Calls {
  const { module, library } = engine.module();
  new ScatterRows(spec, module, library).generate();
  const { scatter } = engine.instantiate(module) as { readonly scatter: WasmFunction };
  const units = Math.ceil(spec.length / rowsTogether);
  engine.reserve((spec.length + spec.count) * word, 'scatter-add');
  const bindings = [spec.index, spec.source, spec.out].map(({ binding }) => binding);
  return () =>
    engine.serve(0, units, () => {
      scatter(...engine.part(units), ...bindings.map((binding) => engine.address(binding)), engine.workspace);
    });
}

class ScatterRows {
  readonly #spec: ScatterAddSpec;
  readonly #f: FunctionBuilder;
  readonly #halves: Halves;
  readonly #dtype: DType;
  /** The first row, and how many. */
  readonly #first: Local;
  readonly #rows: Local;
  /** Where the next element of a row is written, and how far that is from the row's begin. */
  readonly #to: Local;
  readonly #offset: Local;

  constructor(spec: ScatterAddSpec, module: ModuleBuilder, library: MathLibrary) {
    this.#spec = spec;
    this.#dtype = dtypeOf(spec, spec.out);
    const f = module.function('scatter', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
    this.#f = f;
    this.#halves = new Halves(f, library);
    [this.#first, this.#rows, this.#to, this.#offset] = [0, 1, 2, 3].map(() => f.local('i32')) as [
      Local,
      Local,
      Local,
      Local,
    ];
  }

  /** Adds `scatter(begin, end, index, source, out, workspace)` to the module. */
  generate(): void {
    const { index, source, out, outer, length, inner } = this.#spec;
    const f = this.#f;
    const [begin, end, indices, terms, results, ends] = [0, 1, 2, 3, 4, 5].map((position) => f.argument(position)) as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    const { bytes } = dtypes[this.#dtype];
    f.set(this.#first, op('i32.mul', begin, i32(rowsTogether)));
    const last = f.let(op('i32.mul', end, i32(rowsTogether)));
    f.if(op('i32.gt_u', last, i32(length)), () => f.set(last, i32(length)));
    f.set(this.#rows, op('i32.sub', last, this.#first));
    const order = f.let(op('i32.add', ends, op('i32.mul', this.#rows, i32(word))));
    f.increase(indices, index.offset * word);
    f.increase(terms, source.offset * bytes);
    f.increase(results, out.offset * bytes);
    f.repeat(outer, () => {
      this.#sort(indices, terms, ends, order);
      f.set(this.#to, op('i32.add', results, op('i32.mul', this.#first, i32(inner * bytes))));
      this.#sums(ends, order);
      f.increase(indices, (index.strides[0] as number) * word);
      f.increase(terms, (source.strides[0] as number) * bytes);
      f.increase(results, length * inner * bytes);
    });
  }

  /** Calls `body` for each term of the rows, with the place of what is known about its row, and the term's address. */
  #eachTerm(indices: Local, terms: Local, ends: Local, body: (place: Local, term: Local) => void): void {
    const f = this.#f;
    const { index, source, count } = this.#spec;
    const [next, term] = [f.let(indices), f.let(terms)];
    f.repeat(count, () => {
      const row = f.let(op('i32.sub', memoryOp('i32.load', 0, [next]), this.#first));
      f.if(op('i32.lt_u', row, this.#rows), () => {
        body(f.let(op('i32.add', ends, op('i32.mul', row, i32(word)))), term);
      });
      f.increase(next, (index.strides[1] as number) * word);
      f.increase(term, (source.strides[1] as number) * dtypes[this.#dtype].bytes);
    });
  }

  /** Writes the addresses of all terms to `order`, row by row, and to `ends` where those of each row end. */
  #sort(indices: Local, terms: Local, ends: Local, order: Local): void {
    const f = this.#f;
    const eachRow = (body: (place: Local) => void): void => {
      const place = f.let(ends);
      f.repeat(this.#rows, () => {
        body(place);
        f.increase(place, word);
      });
    };
    eachRow((place) => f.store('i32.store', place, i32(0)));
    this.#eachTerm(indices, terms, ends, (place) =>
      f.store('i32.store', place, op('i32.add', memoryOp('i32.load', 0, [place]), i32(word))),
    );
    const free = f.let(order);
    eachRow((place) => {
      const bytes = f.let(memoryOp('i32.load', 0, [place]));
      f.store('i32.store', place, free);
      f.set(free, op('i32.add', free, bytes));
    });
    this.#eachTerm(indices, terms, ends, (place, term) => {
      const at = f.let(memoryOp('i32.load', 0, [place]));
      f.store('i32.store', at, term);
      f.store('i32.store', place, op('i32.add', at, i32(word)));
    });
  }

  /** Writes all rows. */
  #sums(ends: Local, order: Local): void {
    const f = this.#f;
    const [place, from] = [f.let(ends), f.let(order)];
    f.repeat(this.#rows, () => {
      const to = f.let(memoryOp('i32.load', 0, [place]));
      const sum = (isWide: boolean) => (): void =>
        this.#pieces((lanes) => (lanes === 1 ? this.#single(from, to) : this.#sum(from, to, lanes, isWide)));
      const few = op('i32.le_u', op('i32.sub', to, from), i32(shortSum * word));
      f.if(
        op('i32.eq', to, from),
        () => this.#pieces((lanes) => this.#zeros(lanes)),
        () => (this.#dtype === 'f32' ? f.if(few, sum(false), sum(true)) : sum(true)()),
      );
      f.set(from, to);
      f.increase(place, word);
    });
  }

  /** Goes through a row in pieces of so many elements. */
  #pieces(body: (lanes: number) => void): void {
    const { bytes } = dtypes[this.#dtype];
    this.#f.set(this.#offset, i32(0));
    let rest = this.#spec.inner;
    for (const lanes of [16, 4, 1]) {
      this.#f.repeat(Math.floor(rest / lanes), () => {
        body(lanes);
        this.#f.increase(this.#offset, lanes * bytes);
        this.#f.increase(this.#to, lanes * bytes);
      });
      rest %= lanes;
    }
  }

  /** Calls `body` with the place of this piece in each of the terms. */
  #terms(from: Local, to: Local, body: (place: Place) => void): void {
    const f = this.#f;
    const next = f.let(from);
    f.loop((again) => {
      const address = f.let(op('i32.add', memoryOp('i32.load', 0, [next]), this.#offset));
      body({ address, offset: 0 });
      f.increase(next, word);
      f.branchIf(again, op('i32.ne', next, to));
    });
  }

  #sum(from: Local, to: Local, lanes: number, isWide: boolean): void {
    const f = this.#f;
    const sums = Array.from({ length: lanes / (isWide ? 2 : 4) }, () => f.let(v128([0, 0, 0, 0])));
    const add = isWide ? 'f64x2.add' : 'f32x4.add';
    this.#terms(from, to, (place) => {
      const term = loadVector(f, this.#dtype, lanes, place, this.#halves).map((each) => f.let(each));
      const own = isWide ? convertVector('f32', 'f64', term) : term;
      for (const [i, sum] of sums.entries()) f.set(sum, op(add, sum, own[i] as Expression));
    });
    const rounded = isWide ? convertVector('f64', 'f32', sums).map((each) => f.let(each)) : sums;
    storeVector(f, this.#dtype, this.#here, rounded, this.#halves);
  }

  #single(from: Local, to: Local): void {
    const f = this.#f;
    const sum = f.let(f64(0));
    this.#terms(from, to, (place) => {
      f.set(sum, op('f64.add', sum, op('f64.promote_f32', loadScalar(f, this.#dtype, place, this.#halves))));
    });
    storeScalar(f, this.#dtype, this.#here, f.let(op('f32.demote_f64', sum)), this.#halves);
  }

  #zeros(lanes: number): void {
    const f = this.#f;
    if (lanes === 1) return f.store(dtypes[this.#dtype].bytes === 4 ? 'i32.store' : 'i32.store16', this.#to, i32(0));
    const bytes = lanes * dtypes[this.#dtype].bytes;
    const zeros = v128([0, 0, 0, 0]);
    if (bytes === 8) return f.store('v128.store64_lane', this.#to, zeros, 0, 0);
    for (let at = 0; at < bytes; at += 16) f.store('v128.store', this.#to, zeros, at);
  }

  get #here(): Place {
    return { address: this.#to, offset: 0 };
  }
}
