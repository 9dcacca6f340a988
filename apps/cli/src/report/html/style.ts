/** The style sheet of the report: light and dark, narrow and wide, screen and paper. */
export const styleSheet = `
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --soft: #5c6670; --rule: #e1e5ea; --shadow: #f5f7f9;
  --searched: #2160c4; --random-mask: #b4530a; --pruned: #17774a; --int8: #7342b3; --student: #ad2260; --mistake: 180, 60, 20; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --ink: #e7eaee; --soft: #9aa5b1; --rule: #2b3138; --shadow: #1c2026;
  --searched: #74a9ff; --random-mask: #ffa15f; --pruned: #5bc892; --int8: #bd9bf2; --student: #f486b6; --mistake: 240, 130, 80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; } h2 { margin: 0 0 .25rem; font-size: 1.1rem; }
p { margin: 0 0 .75rem; } .soft { color: var(--soft); }
main { display: grid; gap: 2.25rem 2rem; grid-template-columns: repeat(2, minmax(0, 1fr)); }
section { min-width: 0; } section.full { grid-column: 1 / -1; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.summary th, .summary td { padding: .4rem .6rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
.summary th:first-child { text-align: left; } .summary thead th { color: var(--soft); font-weight: 500; font-size: .85rem; }
.kernels th, .kernels td { padding: .3rem .6rem; border-bottom: 1px solid var(--rule); text-align: left; font-size: .9rem; }
.kernels thead th { color: var(--soft); font-weight: 500; font-size: .85rem; } .kernels tbody th { font-weight: inherit; white-space: nowrap; }
.swatch { display: inline-block; width: .7rem; height: .7rem; margin-right: .5rem; border-radius: 50%; background: currentColor; }
.searched { --own: var(--searched); } .random-mask { --own: var(--random-mask); } .pruned { --own: var(--pruned); }
.int8 { --own: var(--int8); } .student { --own: var(--student); } .swatch, .legend li::marker { color: var(--own); }
svg { display: block; width: 100%; height: auto; font: 12.5px system-ui, sans-serif; }
.grid { stroke: var(--rule); } .tick, .axis { fill: var(--soft); } .label { fill: var(--ink); }
.line { fill: none; stroke: var(--own, var(--searched)); stroke-width: 2; stroke-linejoin: round; } .record { opacity: .55; }
.dot { fill: var(--own, var(--searched)); stroke: var(--paper); stroke-width: 1.5; } .best { fill: var(--student); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.75rem; margin: .25rem 0 0; padding-left: 1.25rem; font-size: .9rem; }
.legend li::marker { content: '● '; }
.wide { overflow-x: auto; } .confusion { font-size: .85rem; table-layout: fixed; min-width: 34rem; }
.confusion th { color: var(--soft); font-weight: 500; padding: .3rem; } .confusion thead th:first-child { width: 6rem; font-size: .7rem; }
.confusion td { padding: .3rem; text-align: center; border: 1px solid var(--paper); background: rgba(var(--mistake), var(--shade, 0)); }
.confusion .right { background: var(--shadow); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 46rem) { main { grid-template-columns: minmax(0, 1fr); }
  .summary thead { display: none; } .summary tr { display: grid; grid-template-columns: 1fr 1fr; padding: .5rem 0; border-bottom: 1px solid var(--rule); }
  .summary th, .summary td { border: 0; padding: .1rem 0; text-align: left; } .summary th { grid-column: 1 / -1; }
  .summary td::before { content: attr(data-heading) ' '; color: var(--soft); font-size: .85rem; } }
@media print { :root { color-scheme: light; --paper: #ffffff; --ink: #000000; --soft: #444444; --rule: #cccccc; --shadow: #f2f2f2;
  --searched: #2160c4; --random-mask: #b4530a; --pruned: #17774a; --int8: #7342b3; --student: #ad2260; --mistake: 180, 60, 20; }
  body { max-width: none; padding: 0; font-size: 11pt; } section { break-inside: avoid; } * { print-color-adjust: exact; } }
`;
