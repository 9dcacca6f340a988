// CSV by a plain automaton over characters, which the reader is compared with.

/** Records of fields, or why there are none. */
export type Parsed = readonly (readonly string[])[] | 'unclosed' | 'behind a quote' | 'ragged' | 'empty';

/** Every record of a text, as RFC 4180 has it; lines without anything are none, and a lone carriage return ends one too. */
export function parsePlain(text: string, delimiter: string): Parsed {
  const records: string[][] = [];
  let rest = text;
  while (rest !== '') {
    if (/^[\r\n]/.test(rest)) {
      rest = rest.slice(1);
      continue;
    }
    const record: string[] = [];
    for (;;) {
      if (rest.startsWith('"')) {
        const whole = /^"((?:[^"]|"")*)"(?!")/.exec(rest);
        if (!whole) return 'unclosed';
        record.push((whole[1] as string).replaceAll('""', '"'));
        rest = rest.slice(whole[0].length);
        if (rest !== '' && !rest.startsWith(delimiter) && !/^[\r\n]/.test(rest)) return 'behind a quote';
      } else {
        const end = [...rest].findIndex(
          (character) => character === delimiter || character === '\r' || character === '\n',
        );
        const field = end < 0 ? rest : [...rest].slice(0, end).join('');
        record.push(field);
        rest = rest.slice(field.length);
      }
      if (!rest.startsWith(delimiter)) break;
      rest = rest.slice(1);
    }
    records.push(record);
  }
  if (records.length === 0) return 'empty';
  return records.some(({ length }) => length !== records[0]?.length) ? 'ragged' : records;
}
