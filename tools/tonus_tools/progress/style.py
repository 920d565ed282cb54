"""The page's style sheet: for a screen, and for two A4 sheets."""

CSS = """
:root { --ink:#1f2933; --faint:#66727f; --line:#d5dae0; --soft:#f5f7f9 }
* { box-sizing:border-box }
html { -webkit-print-color-adjust:exact; print-color-adjust:exact }
body { font:14px/1.4 "Helvetica Neue",Arial,"Liberation Sans","DejaVu Sans",sans-serif; color:var(--ink);
  margin:0 auto; padding:24px; max-width:900px; background:#fff }
h1 { font-size:26px; margin:0 0 6px } h2 { font-size:16px; margin:18px 0 4px; border-bottom:1px solid var(--line) }
p { margin:4px 0 } figure { margin:4px 0 } figcaption { font-size:12px; color:var(--faint) }
.facts { display:grid; grid-template-columns:repeat(2,1fr); gap:2px 20px }
.facts span { color:var(--faint); display:inline-block; width:76px }
.advice { background:#fdf6e3; border-left:4px solid #c0a020; padding:6px 12px; margin:10px 0 }
.advice small { display:block; color:var(--faint) }
.two { display:grid; grid-template-columns:5fr 7fr; gap:18px; align-items:start }
table { border-collapse:collapse; width:100%; font-size:13px }
th { text-align:left; font-weight:600; border-bottom:1.5px solid var(--ink); padding:3px 6px; vertical-align:bottom }
td { border-bottom:1px solid var(--line); padding:3px 6px; vertical-align:top }
figure > svg { width:100%; height:auto; display:block } figure > svg.head { width:78%; margin:0 auto }
footer { color:var(--faint); font-size:12px; border-top:1px solid var(--line); margin-top:14px; padding-top:6px }
@media screen and (max-width:700px) { .two, .facts { grid-template-columns:1fr } body { padding:12px } }
@page { size:A4; margin:11mm 12mm }
@media print {
  body { padding:0; max-width:none; font-size:9.2pt } h1 { font-size:18pt } h2 { font-size:11.5pt; margin-top:9px }
  section + section { break-before:page } table { font-size:8.4pt } td, th { padding:1.5px 5px }
  figure, table, .advice, .two { break-inside:avoid } .advice small, figcaption, footer { font-size:7.6pt }
}
"""
