/**
 * Random programs of many ops, computed lazily (so that the planner fuses, reorders and reuses memory as it likes),
 * compiled and replayed, and step by step on the reference device. Values are small whole numbers and stay exact, so all have to agree on every bit.
 */
import { createReferenceDevice, type Device } from '@espalier/tensor';
import fc from 'fast-check';
import { compareValues, describeDifference } from '../compare/compare.ts';
import { MismatchError } from '../errors.ts';
import type { CheckReport, DrawOptions } from '../settings.ts';
import { drawProgram } from './programs/builder.ts';
import type { Program, Result } from './programs/program.ts';
import { checkProperty } from './property.ts';

/**
 * Draws programs (element-wise chains, reductions, views, products, indexing, with shared and unused values), runs them
 * lazily and compiled on `device`, step by step on a reference device, and compares the results. Also checks that no
 * memory stays allocated.
 * @throws {CheckError} with the smallest failing program.
 */
export async function checkPrograms(device: Device, options: DrawOptions = {}): Promise<CheckReport> {
  const reference = createReferenceDevice('oracle');
  const cases = fc.gen().map((draw) => drawProgram(draw, reference));
  return checkProperty(
    `programs on ${device.name}`,
    cases,
    (program) => holds(program, device, reference),
    options,
    60,
  );
}

async function holds(program: Program, device: Device, reference: Device): Promise<void> {
  const before = device.memory().buffers;
  const expected = await program.run(reference, 'eager');
  compareAll(program, await program.run(device, 'lazy'), expected, '');
  const { results, total } = await program.runCompiled(device);
  compareAll(program, results, expected, 'compiled, ');
  const opposite = (await program.negated().run(reference, 'eager')).at(-1);
  const sums = Array.from(expected.at(-1)?.values ?? [], (value, element) => value + (opposite?.values[element] ?? 0));
  compareOne(`compiled, sum of v${program.results.at(-1)} over both calls`, total, sums);
  const after = device.memory().buffers;
  if (after > before)
    throw new MismatchError(`${after - before} buffers are still allocated after everything was disposed of`);
}

function compareAll(program: Program, actual: readonly Result[], expected: readonly Result[], how: string): void {
  for (const [position, { values }] of expected.entries()) {
    compareOne(`${how}v${program.results[position]}`, actual[position] as Result, values);
  }
}

function compareOne(name: string, actual: Result, expected: ArrayLike<number>): void {
  const difference = compareValues(actual.values, expected, { absolute: 0, relative: 0 });
  if (difference) throw new MismatchError(`${name}: ${describeDifference(difference, actual.shape)}`);
}
