// Takes a lock when it is told to, says whether it got it, and keeps it until its input ends.
import { once } from 'node:events';
import { takeLock } from '@espalier/storage';

const [path = ''] = process.argv.slice(2);
process.stdout.write('there\n');
await once(process.stdin, 'data');
const lock = takeLock(path);
process.stdout.write('release' in lock ? 'taken\n' : 'held\n');
await once(process.stdin.resume(), 'end');
if ('release' in lock) lock.release();
