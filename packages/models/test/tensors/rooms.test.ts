// Memory that is given back at once.
import { expect, test } from 'vitest';
import { Rooms } from '../../src/tensors/rooms.ts';

test('rooms are zeros, and have no bytes any more when they were given back', () => {
  const rooms = new Rooms();
  const [first, second] = [rooms.take(3), rooms.take(1000)];
  expect(new Uint8Array(first)).toEqual(new Uint8Array(3));
  expect(second.byteLength).toBe(1000);
  rooms.free();
  expect([first.byteLength, second.byteLength]).toEqual([0, 0]);
  expect(rooms.take(5).byteLength).toBe(5);
});
