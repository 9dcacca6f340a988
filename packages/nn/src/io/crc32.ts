/** The checksum of zip files and of gzip (IEEE 802.3), sixteen bytes a step. Source: PKWARE, "APPNOTE.TXT", polynomial 0xEDB88320. */

type T = Int32Array;
type Tables = readonly [T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T];

let made: Tables | undefined;

/** What a byte does to the checksum that is followed by so many zero bytes as the number of its table. */
function makeTables(): Tables {
  const tables = [
    Int32Array.from({ length: 256 }, (_, byte) => {
      let value = byte;
      for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
      return value;
    }),
  ];
  const [first] = tables as [T];
  while (tables.length < 16)
    tables.push((tables.at(-1) as T).map((value) => (value >>> 8) ^ (first[value & 255] as number)));
  return tables as unknown as Tables;
}

/** The checksum of bytes that follow those with the checksum `before`. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15] = (made ??= makeTables());
  let crc = ~before;
  let at = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Indices are those of tables of 256, so that each of them is there.
  for (const last = bytes.length - 16; at <= last; at += 16) {
    const a = view.getInt32(at, true) ^ crc;
    const b = view.getInt32(at + 4, true);
    const c = view.getInt32(at + 8, true);
    const d = view.getInt32(at + 12, true);
    crc =
      (t15[a & 255] as number) ^
      (t14[(a >>> 8) & 255] as number) ^
      (t13[(a >>> 16) & 255] as number) ^
      (t12[a >>> 24] as number) ^
      (t11[b & 255] as number) ^
      (t10[(b >>> 8) & 255] as number) ^
      (t9[(b >>> 16) & 255] as number) ^
      (t8[b >>> 24] as number) ^
      (t7[c & 255] as number) ^
      (t6[(c >>> 8) & 255] as number) ^
      (t5[(c >>> 16) & 255] as number) ^
      (t4[c >>> 24] as number) ^
      (t3[d & 255] as number) ^
      (t2[(d >>> 8) & 255] as number) ^
      (t1[(d >>> 16) & 255] as number) ^
      (t0[d >>> 24] as number);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ (t0[(crc ^ (bytes[at] as number)) & 255] as number);
  return ~crc >>> 0;
}
