/** Whether models say how their data was prepared. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a model says how its data was prepared. What is wrong with its files is said by who loads them. */
export function isPrepared(folder: string): boolean {
  try {
    const config: unknown = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    return Reflect.get(Object(Reflect.get(Object(config), 'metadata')), 'preparation') !== undefined;
  } catch {
    return false;
  }
}
