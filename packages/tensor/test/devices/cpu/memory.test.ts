import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Allocator, blockAlignment } from '../../../src/devices/cpu/memory/allocator.ts';
import { DeviceMemory } from '../../../src/devices/cpu/memory/device-memory.ts';
import { Workspace } from '../../../src/devices/cpu/memory/workspace.ts';
import { Runner } from '../../../src/devices/cpu/program/runner.ts';

/** A list of actions: a number above 0 allocates so many bytes, one at or below releases the block at that position. */
const actions = fc.array(fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: -30, max: 0 })), {
  maxLength: 120,
});

describe('Allocator', () => {
  test('blocks are aligned, inside the memory, and never overlap', () => {
    fc.assert(
      fc.property(actions, (list) => {
        let limit = 64 + 8192;
        const allocator = new Allocator(64, limit, (atLeast) => {
          const added = Math.ceil(atLeast / 4096) * 4096;
          limit += added;
          return added;
        });
        const live: { address: number; bytes: number }[] = [];
        for (const action of list) {
          if (action > 0) {
            const address = allocator.allocate(action) as number;
            expect(address % blockAlignment).toBe(0);
            expect(address).toBeGreaterThanOrEqual(64);
            expect(address + action).toBeLessThanOrEqual(limit);
            for (const other of live)
              expect(address + action <= other.address || other.address + other.bytes <= address).toBe(true);
            live.push({ address, bytes: action });
          } else if (live.length > 0) {
            const [block] = live.splice(-action % live.length, 1);
            expect(allocator.release(block?.address as number)).toBe(true);
          }
          expect(allocator.usedBlocks).toBe(live.length);
        }
        for (const { address } of live) allocator.release(address);
        expect(allocator.usedBytes).toBe(0);
        // Everything merged again: one block takes all of it without growing.
        const before = limit;
        expect(allocator.allocate(limit - 64)).toBe(64);
        expect(limit).toBe(before);
      }),
    );
  });

  test('gives a freed block to the next request of its size', () => {
    const allocator = new Allocator(0, 1 << 20, () => 0);
    const [first, second] = [allocator.allocate(1000), allocator.allocate(1000)];
    allocator.release(first as number);
    expect(allocator.allocate(1000)).toBe(first);
    expect(second).not.toBe(first);
  });

  test('says so when nothing is left, and when a release makes no sense', () => {
    const allocator = new Allocator(0, 256, () => 0);
    expect(allocator.allocate(256)).toBe(0);
    expect(allocator.allocate(1)).toBeUndefined();
    expect(allocator.release(64)).toBe(false);
    expect(allocator.release(0)).toBe(true);
    expect(allocator.release(0)).toBe(false);
  });
});

describe('DeviceMemory', () => {
  test('grows, keeps contents, and names the way out when it is full', () => {
    const memory = new DeviceMemory(8 * 2 ** 20);
    const small = memory.allocate(1000, 'test');
    memory.views.bytes[small] = 42;
    const large = memory.allocate(5 * 2 ** 20, 'test');
    memory.views.bytes[large + 5 * 2 ** 20 - 1] = 7;
    expect(memory.views.bytes[small]).toBe(42);
    expect(() => memory.allocate(4 * 2 ** 20, 'test')).toThrow(
      /no room for memory of 4.0 MiB: .* ends at 8.0 MiB; dispose of tensors/,
    );
    memory.allocator.release(large);
    expect(memory.allocate(4 * 2 ** 20, 'test')).toBe(large);
  });

  test('a workspace grows to the largest demand, and keeps 64 MiB at most', () => {
    const memory = new DeviceMemory(128 * 2 ** 20);
    const runner = new Runner(memory.views);
    const workspace = new Workspace(memory, runner);
    workspace.reserve(1000, 'test');
    const before = memory.allocator.usedBytes;
    workspace.reserve(500, 'test');
    expect(memory.allocator.usedBytes).toBe(before);
    workspace.reserve(100_000, 'test');
    workspace.relax();
    expect(memory.allocator.usedBlocks).toBe(1);
    expect(runner.workspaceBytes).toBe(100_000);
    workspace.reserve(65 * 2 ** 20, 'test');
    workspace.relax();
    expect(memory.allocator.usedBlocks).toBe(0);
    expect(runner.workspaceBytes).toBe(0);
  });
});
