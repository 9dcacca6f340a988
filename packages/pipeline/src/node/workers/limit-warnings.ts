/**
 * Dawn, the WebGPU of Node, writes two lines natively to stderr each time it finds an adapter whose driver counts dynamic
 * buffers without bounds (`NormalizeLimits` in its Limits.cpp). They tell nothing that a user could mend, and nothing turns
 * them off.
 */

const start = 'Warning: maxDynamic';
const warning =
  /^Warning: maxDynamic(?:Uniform|Storage)BuffersPerPipelineLayout artificially reduced from \d+ to \d+ to fit dynamic offset allocation limit\.\r?\n$/u;
/** No such line has as many bytes. */
const longest = 200;

/** Hands bytes on, and takes out lines. */
interface LineFilter {
  readonly write: (bytes: Uint8Array) => void;
  /** Hands on what is left. */
  readonly end: () => void;
}

/** Whether the beginning of a line may become a warning. */
function mayBecomeWarning(text: string): boolean {
  return text.length < start.length ? start.startsWith(text) : text.startsWith(start) && text.length < longest;
}

/**
 * Takes those lines out of a stream of bytes, each as a whole. Everything else is handed on as it is, in order, and at
 * once, but for the beginning of a line that may still become one of them.
 */
export function withoutLimitWarnings(handOn: (bytes: Uint8Array) => void): LineFilter {
  // Each byte is a character of its own here, whatever it means.
  let held = '';
  let isMidLine = false;
  const out = (text: string): void => {
    if (text !== '') handOn(Buffer.from(text, 'latin1'));
  };
  return {
    write: (bytes) => {
      const lines = `${held}${Buffer.from(bytes).toString('latin1')}`.split(/(?<=\n)/u);
      held = '';
      let passed = '';
      for (const line of lines) {
        if (!isMidLine && !line.endsWith('\n') && mayBecomeWarning(line)) {
          held = line;
          break;
        }
        if (isMidLine || !warning.test(line)) passed += line;
        isMidLine = !line.endsWith('\n');
      }
      out(passed);
    },
    end: () => {
      out(held);
      held = '';
    },
  };
}
