/** What workers import for a plugin: its file is in the address of this module. */
import { loadPlugin } from './plugin.ts';

await loadPlugin(new URL(import.meta.url).searchParams.get('file') ?? '');
