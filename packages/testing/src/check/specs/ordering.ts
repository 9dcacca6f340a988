/** Random scan, sort and scatter-add specs over small whole numbers, with many equal elements. */
import type { Binding, Device, DType } from '@espalier/tensor';
import type fc from 'fast-check';
import { anyInteger, anyNumbers, drawContents, drawNumeric, rowMajor, SpecCase, zeros } from './case.ts';

/** A running sum, maximum or minimum along the middle of three dimensions. */
export function drawScan(draw: fc.GeneratorValue, device: Device): SpecCase {
  const dtype = drawNumeric(draw, device, 3 * 80);
  const [outer, length, inner] = drawBox(draw);
  const op = (['sum', 'max', 'min'] as const)[draw(anyInteger, 0, 2)] ?? 'sum';
  const size = outer * length * inner;
  return new SpecCase({ kind: 'scan', op, outer, length, inner, bindings: bindings(1, dtype, dtype) }, [
    drawContents(draw, dtype, size),
    zeros(size),
  ]);
}

/** A stable sort of rows: positions show whether equal elements kept their order. */
export function drawSort(draw: fc.GeneratorValue, device: Device): SpecCase {
  const dtype = drawNumeric(draw, device, 3);
  const [rows, length] = drawBox(draw);
  const size = rows * length;
  const descending = draw(anyInteger, 0, 1) === 1;
  const contents = [drawContents(draw, dtype, size), zeros(size), zeros(size)];
  return new SpecCase({ kind: 'sort', rows, length, descending, bindings: bindings(1, dtype, dtype, 'i32') }, contents);
}

/** A scatter-add in which some indices repeat and some lie outside. */
export function drawScatterAdd(draw: fc.GeneratorValue, device: Device): SpecCase {
  const dtype = drawNumeric(draw, device, 3 * 80);
  const [outer, count, inner] = drawBox(draw);
  const length = draw(anyInteger, 1, 5);
  const source = [outer, count, inner];
  const shared = draw(anyInteger, 0, 1) === 1;
  const indexStrides = shared ? [count, 1, 0] : rowMajor(source);
  const spec = {
    kind: 'scatter-add',
    outer,
    count,
    inner,
    length,
    index: { binding: 0, offset: 0, strides: indexStrides },
    source: { binding: 1, offset: 0, strides: rowMajor(source) },
    out: { binding: 2, offset: 0, strides: rowMajor([outer, length, inner]) },
    bindings: bindings(2, 'i32', dtype, dtype),
  } as const;
  const indices = draw(anyNumbers, shared ? outer * count : outer * count * inner, -1, length);
  return new SpecCase(spec, [indices, drawContents(draw, dtype, outer * count * inner), zeros(outer * length * inner)]);
}

/** Bindings of these dtypes, of which the first are read and the others written. */
function bindings(inputs: number, ...names: readonly DType[]): Binding[] {
  return names.map((dtype, position) => ({ dtype, access: position < inputs ? 'read' : 'write' }));
}

function drawBox(draw: fc.GeneratorValue): [number, number, number] {
  const long = draw(anyInteger, 0, 3) === 3;
  return [draw(anyInteger, 1, 3), draw(anyInteger, 1, long ? 80 : 6), draw(anyInteger, 1, 4)];
}
