"""The page's style sheet: for a screen, and for A4 from a browser's print."""

CSS = """
:root { --ink:#1f2933; --faint:#66727f; --line:#d5dae0; --soft:#f5f7f9; --blue:#1f5f93; --pass:#1b6e3c;
  --pass-bg:#e4f3e9; --cal:#8a5200; --cal-bg:#fdf1d8; --fail:#b3171d; --fail-bg:#fbe3e3; }
* { box-sizing:border-box }
html { -webkit-print-color-adjust:exact; print-color-adjust:exact }
body { font:14px/1.45 "Helvetica Neue",Arial,"Liberation Sans","DejaVu Sans",sans-serif; color:var(--ink);
  margin:0 auto; padding:28px 24px 60px; max-width:980px; background:#fff }
h1 { font-size:27px; margin:0; letter-spacing:-.3px }
h2 { font-size:20px; margin:40px 0 6px; padding-bottom:5px; border-bottom:2px solid var(--ink) }
h3 { font-size:15px; margin:24px 0 6px }
p { margin:6px 0 10px; max-width:82ch }
.top { display:flex; justify-content:space-between; align-items:flex-start; gap:24px;
  border-bottom:3px solid var(--ink); padding-bottom:12px }
.top .sub { color:var(--faint); margin-top:3px }
.badge { border-radius:6px; padding:8px 14px; text-align:right; min-width:210px }
.badge b { display:block; font-size:17px }
.badge span { font-size:12.5px }
.badge.pass, .v.pass { background:var(--pass-bg); color:var(--pass) }
.badge.calibrate, .v.calibrate { background:var(--cal-bg); color:var(--cal) }
.badge.fail, .v.fail { background:var(--fail-bg); color:var(--fail) }
.v { display:inline-block; font-weight:700; font-size:11px; padding:1px 7px; border-radius:9px; white-space:nowrap }
.ids { display:grid; grid-template-columns:repeat(4,1fr); gap:2px 22px; margin:12px 0 4px; font-size:13px }
.ids div span { display:block; color:var(--faint); font-size:11.5px }
.not { background:var(--soft); border-left:4px solid var(--blue); padding:9px 14px; margin:14px 0 }
.not p { margin:0 0 5px; max-width:none } .not p:last-child { margin:0 }
table { border-collapse:collapse; width:100%; margin:4px 0 12px; font-size:12.5px }
th { text-align:left; font-weight:600; vertical-align:bottom; border-bottom:1.5px solid var(--ink); padding:3px 7px }
td { padding:3px 7px; border-bottom:1px solid var(--line); vertical-align:top }
th:first-child, td:first-child { padding-left:0 } th:last-child, td:last-child { padding-right:0 }
td.n, th.n { text-align:right; font-variant-numeric:tabular-nums } td.n { white-space:nowrap }
td.n.wrap, td.n small { white-space:normal }
table.facts td:first-child { width:33% } table.facts td:nth-child(2) { width:34% }
table.c1 td:first-child, table.c2 td:first-child { width:27% } table.c2 td.from, table.c1 td.from { width:29% }
table.limits th:nth-child(1) { width:26% } table.limits th:nth-child(3) { width:17% }
table.limits th:nth-child(8) { width:19% }
td.least { min-width:128px }
table.tight td { padding-top:2px; padding-bottom:2px }
td.u, th small, td.from { color:var(--faint) }
td.u { white-space:nowrap } th small { display:block; font-weight:400 }
td.from { font-size:11.5px; overflow-wrap:anywhere } td small.one { display:inline; margin-left:6px }
td small { display:block; color:var(--faint); font-size:11px }
tr.group td { font-weight:600; background:var(--soft); padding:4px 7px; border-bottom:1px solid var(--line) }
tr.fail td { background:var(--fail-bg) } tr.fail td:first-child { box-shadow:inset 4px 0 var(--fail); padding-left:9px }
tr.calibrate td { background:var(--cal-bg) }
tr.calibrate td:first-child { box-shadow:inset 4px 0 var(--cal); padding-left:9px }
tr.above td { color:inherit }
table.dense { font-size:11px } table.dense td, table.dense th { padding:3px 4px }
ol.from { color:var(--faint); font-size:11.5px; columns:2; column-gap:28px; margin:0 0 12px; padding-left:18px }
ol.from li { break-inside:avoid }
.icon { width:64px; display:block }
svg.plot { width:100%; height:auto; display:block; font-family:inherit }
figure { margin:8px 0 14px } figcaption { font-size:13px; margin-bottom:2px }
figcaption span { color:var(--faint) }
ul { margin:4px 0 10px; padding-left:20px } li { margin:2px 0; max-width:86ch }
a { color:var(--blue); text-decoration:none } nav a { margin-right:14px; white-space:nowrap }
code { font:12px "DejaVu Sans Mono","Liberation Mono",Menlo,Consolas,monospace }
.steps td:nth-child(3) { font-family:"DejaVu Sans Mono",Menlo,Consolas,monospace; font-size:11.5px }
footer { color:var(--faint); font-size:12px; border-top:1px solid var(--line); margin-top:36px; padding-top:8px }
@media screen and (max-width:760px) {
  body { padding:14px 12px 40px; overflow-wrap:anywhere }
  .top { flex-direction:column; gap:10px } .badge { text-align:left; min-width:0 }
  .ids { grid-template-columns:repeat(2,1fr) } ol.from { columns:1 } nav a { display:inline-block; padding:5px 0 }
  table { display:block; overflow-x:auto; overflow-wrap:normal } figure { overflow-x:auto }
  table td, table th { min-width:64px } figure svg.plot { min-width:620px } td.from { min-width:190px }
}
@page { size:A4; margin:11mm 12mm 12mm }
@media print {
  body { padding:0; max-width:none; font-size:8.8pt; line-height:1.38 }
  h1 { font-size:19pt } h2 { font-size:14pt } h3 { font-size:10.5pt; margin-top:14px }
  h2.page { break-before:page; margin-top:0 }
  h2, h3, thead, tr.group, figcaption { break-after:avoid } footer { break-before:avoid }
  p, li, td { orphans:3; widows:3 }
  tbody tr:nth-child(-n+2) { break-after:avoid } tbody tr:nth-last-child(-n+2) { break-before:avoid }
  figure, tr, .not, table.steps, table.dense, ol.from { break-inside:avoid } ol.from { break-before:avoid }
  ol.from { display:inline-block; width:100% } /* in a block the columns of a list break over pages */
  thead { display:table-header-group }
  table { font-size:8pt } table.dense { font-size:7.1pt } td.from, td small, ol.from { font-size:7.2pt }
  .v { font-size:6.8pt } td, th { padding-top:2px; padding-bottom:2px } p, li { max-width:none } nav { display:none }
}
"""
