/** The style of a report: light or dark as the reader has it, charts in the same palette. */
export const pageStyle = `
:root { --ground: #fbfaf7; --ink: #1c2126; --faint: #6b7480; --rule: #e2ded5; --card: #fff;
  --c1: #0b6e99; --c2: #c2571a; --c3: #8b929b; --c4: #3d8b40; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171a; --ink: #e8e6e1; --faint: #98a1ab; --rule: #2c3238; --card: #1b1f23;
    --c1: #58b7e0; --c2: #ee9153; --c3: #767e88; --c4: #7cc47f; }
}
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 ui-sans-serif, system-ui, sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.02em; }
h2 { font-size: 1.25rem; margin: 3rem 0 .5rem; }
header p, section > p { color: var(--faint); margin: .3rem 0 1rem; }
section > p:first-of-type { color: var(--ink); }
.warning { color: var(--c2) !important; font-weight: 600; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .8rem; margin-top: 1.6rem; }
.cards div { background: var(--card); border: 1px solid var(--rule); border-radius: .6rem; padding: .9rem 1rem; }
.cards b { display: block; font-size: 1.7rem; font-variant-numeric: tabular-nums; letter-spacing: -.02em; }
.cards span { display: block; } .cards small { color: var(--faint); }
svg { width: 100%; height: auto; display: block; background: var(--card); border: 1px solid var(--rule); border-radius: .6rem; }
.grid { stroke: var(--rule); fill: none; }
.tick, .axis, .label { font-size: 12px; fill: var(--faint); } .label { fill: var(--ink); }
.line, .dashed { fill: none; stroke-width: 2.5; stroke-linejoin: round; } .dashed { stroke-dasharray: 5 5; stroke-width: 1.5; }
path.c1 { stroke: var(--c1); } path.c2 { stroke: var(--c2); } path.c3 { stroke: var(--c3); } path.c4 { stroke: var(--c4); }
.dot { stroke: var(--card); stroke-width: 1.5; }
.dot.c1 { fill: var(--c1); } .dot.c2 { fill: var(--c2); } .dot.c3 { fill: var(--c3); } .dot.c4 { fill: var(--c4); }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; font-size: .85rem; margin-top: .6rem; }
.legend span::before { content: ""; display: inline-block; width: 1.1rem; height: 3px; margin-right: .45rem; vertical-align: middle; background: currentColor; }
.legend .dots::before { width: 9px; height: 9px; border-radius: 50%; }
.legend .c1::before { color: var(--c1); } .legend .c2::before { color: var(--c2); }
.legend .c3::before { color: var(--c3); } .legend .c4::before { color: var(--c4); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--faint); }
th, td { padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td small { color: var(--faint); white-space: nowrap; }
.bar { display: inline-block; width: 7rem; height: .55rem; margin-right: .6rem; background: var(--rule); border-radius: 1rem; overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--c1); }
`
