/** The style sheet of the report: one text, inside the page, for light and dark, screen and paper. */

/** The whole style sheet. */
export const style: string = `
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #566273; --line: #dfe4ea; --track: #edf0f4; --accent: #2f6fde;
  --good: #1a7f4b; --bad: #b3261e; --warn-back: #fff4dc; --warn-ink: #6b4700;
  --p0: #2f6fde; --p1: #e0802b; --p2: #2a9d7c; --p3: #b04fc4; --p4: #c9a214; --p5: #d6477a; --p6: #4aa8d8; --p7: #7a8b2e; --p8: #9aa5b1; }
@media (prefers-color-scheme: dark) { :root {
  --page: #12161c; --card: #1a2029; --ink: #e6eaf0; --soft: #9aa7b8; --line: #2c3541; --track: #262e39; --accent: #6ea2ff;
  --good: #5fca92; --bad: #ff8a80; --warn-back: #3a2f14; --warn-ink: #f4d58a;
  --p0: #6ea2ff; --p1: #f0a05a; --p2: #4cc3a0; --p3: #cf85e0; --p4: #e0c04a; --p5: #ee7fa5; --p6: #7cc8ee; --p7: #a9bb5c; --p8: #78848f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, header, footer { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 36px; padding-bottom: 8px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 0 0 2px; }
p { margin: 0 0 10px; }
.soft { color: var(--soft); }
.lead { color: var(--soft); overflow-wrap: anywhere; margin: 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 22px; margin: 16px 0; }
section > p:first-of-type { color: var(--soft); font-size: 14px; margin-bottom: 14px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 18px 0 0; padding: 0; list-style: none; }
.tiles li { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px; }
.tiles b { display: block; font-size: 26px; line-height: 1.15; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
.tiles span { color: var(--soft); font-size: 13px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 16px; margin: 16px 0; align-items: start; }
.pair > div { display: grid; gap: 16px; }
.pair section { margin: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 6px 10px 6px 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
tr:last-child td { border-bottom: 0; }
th { color: var(--soft); font-weight: 500; font-size: 13px; white-space: nowrap; }
td:last-child, th:last-child { padding-right: 0; }
#languages td:first-child { white-space: nowrap; }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.pair td:first-child { width: 100%; }
.graph { width: 24%; min-width: 90px; }
code { font: 13px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
.plus { color: var(--good); } .minus { color: var(--bad); }
.bar { display: block; width: 100%; height: 10px; border-radius: 3px; }
.track { fill: var(--track); } .fill { fill: var(--accent); } .hit { fill: transparent; }
.strip { display: block; width: 100%; height: 28px; border-radius: 6px; margin: 2px 0 14px; }
.columns { display: block; width: 100%; min-width: 640px; height: auto; }
.columns g:hover .fill { opacity: 0.75; }
.grid { stroke: var(--line); stroke-width: 1; } .tick { fill: var(--soft); font-size: 12px; }
.key { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 8px; vertical-align: -1px; }
.part-0 { fill: var(--p0); } .part-1 { fill: var(--p1); } .part-2 { fill: var(--p2); } .part-3 { fill: var(--p3); } .part-4 { fill: var(--p4); }
.part-5 { fill: var(--p5); } .part-6 { fill: var(--p6); } .part-7 { fill: var(--p7); } .part-8 { fill: var(--p8); }
.findings { list-style: none; padding: 0; margin: 8px 0 0; display: grid; gap: 8px; }
.findings li { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; }
.findings .attention { background: var(--warn-back); border-color: transparent; color: var(--warn-ink); }
nav { display: flex; flex-wrap: wrap; gap: 8px; margin: 14px 0 0; }
nav a { color: inherit; text-decoration: none; border: 1px solid var(--line); border-radius: 999px; padding: 4px 12px; font-size: 13px; background: var(--card); }
nav a:hover { border-color: var(--accent); }
h3 { font-size: 15px; margin: 18px 0 4px; }
.badge { display: inline-block; border-radius: 999px; padding: 0 8px; font-size: 12px; color: #fff; }
.severity-high { background: #b3261e; fill: #b3261e; } .severity-medium { background: #9a5b00; fill: #9a5b00; } .severity-low { background: #566273; fill: #566273; }
.copies { margin: 0; padding: 0; list-style: none; }
details { margin-top: 8px; } summary { cursor: pointer; color: var(--soft); }
footer { color: var(--soft); font-size: 13px; padding-bottom: 40px; }
@media print { body { background: #fff; } section, .tiles li { break-inside: avoid; } }
`;
