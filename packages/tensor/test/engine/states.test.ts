import {
  compile,
  cpu,
  createReferenceDevice,
  LifetimeError,
  memory,
  noGrad,
  tensor,
  type Device,
  type Tensor,
} from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** What a state is given, or what a step returns: a value from before the step, as it is or changed. */
interface Value {
  readonly of: number;
  readonly form: 'itself' | 'changed' | 'turned';
}

const states = 3;
const value = fc.record<Value>({
  of: fc.nat(states - 1),
  form: fc.constantFrom('itself', 'itself', 'changed', 'turned'),
});

const formed = (x: Tensor, { form }: Value): Tensor =>
  form === 'itself' ? x.detach() : form === 'changed' ? x.mul(2).add(1) : x.flip(0);

const plain: Readonly<Record<Value['form'], (x: readonly number[]) => readonly number[]>> = {
  itself: (x) => x,
  changed: (x) => x.map((element) => element * 2 + 1),
  turned: (x) => x.toReversed(),
};

describe.each<[string, () => Device]>([
  ['cpu', cpu],
  ['reference', createReferenceDevice],
])('states of compiled steps on %s', (_, open) => {
  const device = open();

  test('take each other’s values from before the step, which may be returned as well', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(value, { nil: undefined }), { minLength: states, maxLength: states }),
        fc.array(value, { maxLength: 3 }),
        fc.array(fc.boolean(), { minLength: states, maxLength: states }),
        fc.constantFrom(1, 3, 300),
        (given, returned, isArgument, size) => {
          let expected: (readonly number[])[] = Array.from({ length: states }, (_unused, state) =>
            Array.from({ length: size }, (_none, element) => 10 * state + (element % 7)),
          );
          const handles = expected.map((values) => tensor([...values], { device }));
          const step = compile((first: Tensor[]) => {
            const now = handles.map((handle, state) => (isArgument[state] ? (first[state] as Tensor) : handle));
            const before = now.map((handle) => handle.detach());
            const take = (from: Value): Tensor => formed(before[from.of] as Tensor, from);
            for (const [state, from] of given.entries()) if (from) now[state]?.assign(take(from));
            return { old: returned.map(take), now: now.map((handle) => handle.detach()) };
          });
          // A tensor that is an argument and captured as well would be two; those that are no arguments stand in as others.
          const args = handles.map((handle, state) => (isArgument[state] ? handle : tensor([0], { device })));
          for (let call = 0; call < 3; call++) {
            const old = returned.map((from) => plain[from.form](expected[from.of] as readonly number[]));
            expected = expected.map((values, state) => {
              const from = given[state];
              return from ? plain[from.form](expected[from.of] as readonly number[]) : values;
            });
            const made = step(args);
            expect(made.old.map((x) => x.arraySync())).toEqual(old);
            expect(made.now.map((x) => x.arraySync())).toEqual(expected);
            expect(handles.map((x) => x.arraySync())).toEqual(expected);
          }
          step.dispose();
        },
      ),
      { numRuns: 150 },
    );
  });

  test('take over, outside of a step too, a value that the other lets go of', () => {
    const [first, other] = [tensor([1, 2, 3], { device }), tensor([0, 0, 0], { device })];
    first.assign(first.flip(0));
    other.assign(first.flip(0));
    first.assign(first.mul(other));
    expect(first.arraySync()).toEqual([3, 4, 3]);
    expect(other.arraySync()).toEqual([1, 2, 3]);
  });

  test('keep their values when the function throws after it has assigned to them', () => {
    const state = tensor([1, 2], { device });
    const step = compile((x: Tensor) => {
      noGrad(() => state.assign(x));
      throw new Error('refused');
    });
    expect(() => step(tensor([3, 4], { device }))).toThrow('refused');
    expect(state.arraySync()).toEqual([1, 2]);
  });

  test.each<[string, (state: Tensor, x: Tensor) => void]>([
    ['read', (state, x) => x.assign(x.add(state))],
    ['updated', (state, x) => state.assign(state.add(x))],
    ['replaced', (state, x) => state.assign(x.mul(2))],
  ])('that are %s have to live', (_how, body) => {
    const state = tensor([1, 2], { device });
    const step = compile(body.bind(undefined, state));
    step(tensor([3, 4], { device }));
    state.dispose();
    expect(() => step(tensor([3, 4], { device }))).toThrow(LifetimeError);
    expect(() => step(tensor([3, 4], { device }))).toThrow(/captured was disposed/);
  });

  test('need no more memory the more often a step exchanges them', () => {
    const [a, b] = [tensor([1, 2, 3], { device }), tensor([4, 5, 6], { device })];
    const step = compile(() => {
      const old = a.detach();
      a.assign(b);
      b.assign(old);
    });
    step();
    step();
    const { bytes } = memory();
    for (let call = 0; call < 20; call++) step();
    expect(memory().bytes).toBe(bytes);
    for (let recording = 0; recording < 20; recording++) {
      const again = compile(() => {
        const old = a.detach();
        a.assign(b);
        b.assign(old);
        return old;
      });
      again().dispose();
      again.dispose();
    }
    expect(memory().bytes).toBe(bytes);
    expect([a.arraySync(), b.arraySync()]).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });
});
