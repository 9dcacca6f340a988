import { readFileSync } from 'node:fs';
import { bytesOf, readCsv, cellOf } from '@espalier/data';
const counts: Record<string, number> = {}; const bump=(k:string)=>{counts[k]=(counts[k]??0)+1;}; const shown: Record<string,number>={};
const show=(k:string,...a:unknown[])=>{ shown[k]=(shown[k]??0)+1; if(shown[k]<=4) console.log(k,...a); };
for (const line of readFileSync('/tmp/datawork/pd/cases.jsonl','utf8').split('\n')) { if(!line) continue;
 const c = JSON.parse(line); const data = Buffer.from(c.data,'hex');
 let table; try { table = await readCsv(bytesOf(new Uint8Array(data)), { delimiter: c.d, header: true }); } catch (e) { const named = /FormatError|DataError/.test((e as Error).name); bump(c.err ? 'both refuse' : named ? 'we refuse, named' : 'CRASH'); if(!c.err) show('refused', (e as Error).message, c.idx?'(pandas took an index column)':'' , JSON.stringify(data.toString()).slice(0,160)); continue; }
 if (c.err) { bump('pandas refuses, we read'); show('pandas err', c.err, JSON.stringify(data.toString()).slice(0,160)); continue; }
 let bad = c.res.length !== table.columns.size ? 'width' : '';
 for (const [j,[name,kind,vals]] of c.res.entries()) { const col = [...table.columns.values()][j]; if(!col) break; if (vals.length!==table.rows) { bad='rows'; break; }
  for (let r=0;r<vals.length;r++){ const v=cellOf(col,r); let w=vals[r]; if (col.type==='number' && (w==='inf'||w==='-inf')) w = w==='inf'?Infinity:-Infinity;
    if (v===null && w===null) continue; if (Object.is(v,w)||(v===0&&w===0)) continue;
    // object columns of pandas: True/False parsed or text
    if (kind==='obj' && typeof w==='boolean' && String(v).toLowerCase()===String(w)) continue;
    if (kind==='num' && col.type==='text' && Number(v)===Number(w)) { bad='code text'; continue; }
    bad = `value ${name} row ${r}: ours ${JSON.stringify(v)} (${col.type}) pandas ${JSON.stringify(w)} (${kind})`; break; } if (bad && bad!=='code text') break; }
 if (bad) { const k = bad.startsWith('value')?'DIFFER':bad; bump(k); show(k,bad, JSON.stringify(data.toString()).slice(0,200)); } else bump('equal'); }
console.log(counts);
