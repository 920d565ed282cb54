"""The guide's style sheet: two A4 sides, and a screen."""

CSS = """
:root { --ink:#1f2933; --faint:#5b6773; --line:#d5dae0; --red:#b3171d }
* { box-sizing:border-box }
html { -webkit-print-color-adjust:exact; print-color-adjust:exact }
body { font:13.5px/1.36 "Helvetica Neue",Arial,"Liberation Sans","DejaVu Sans",sans-serif; color:var(--ink);
  margin:0 auto;
  padding:20px; max-width:860px; background:#fff }
h1 { font-size:24px; margin:0 } h2 { font-size:15px; margin:10px 0 3px; border-bottom:1px solid var(--line) }
h2.red { color:var(--red); border-color:var(--red) } h3 { font-size:15px; margin:0 }
p { margin:3px 0 } .sub { color:var(--faint); font-size:12px }
header { display:flex; justify-content:space-between; align-items:center; border-bottom:2px solid var(--ink);
  padding-bottom:6px }
.stop { background:var(--red); color:#fff; font-weight:700; font-size:16px; padding:8px 14px; border-radius:6px }
.two { display:grid; grid-template-columns:1fr 1fr; gap:0 20px; align-items:start }
.faces { display:grid; gap:4px 14px; grid-template-columns:repeat(4,1fr) } .face svg { width:100%; display:block }
.face ol { margin:2px 0; padding-left:22px; font-size:12px } .face ol span { color:var(--faint) }
.face ol.long { columns:2; column-gap:8px; font-size:11px } .faces.small svg { width:46%; margin:0 auto }
ol.steps { margin:2px 0; padding-left:22px } ol.steps li { margin:3px 0 }
table { border-collapse:collapse; width:100% } td, th { padding:2px 5px 2px 0; vertical-align:middle;
  text-align:left }
td { border-bottom:1px solid #e9ecef } th { border-bottom:1.5px solid var(--ink) }
svg.strip { width:92px; display:block } .counted { display:flex; gap:14px; align-items:center }
.counted svg.strip { width:170px; margin:2px 0 } svg.lamps { width:138px; display:block } svg.notes { width:72px;
  display:block }
table.contacts td:first-child { width:98px } table.states td:first-child { width:146px }
table.sounds td:first-child { width:80px } table.buttons td:first-child { width:56px; vertical-align:top }
table.faults td:first-child { width:19%; font-weight:600 } table.faults td:nth-child(2) { width:36% }
.device { display:grid; grid-template-columns:74px 1fr; gap:0 10px } svg.handheld { width:74px; display:block }
footer { color:var(--faint); font-size:11.5px; margin-top:8px }
@media screen and (max-width:640px) { .two { grid-template-columns:1fr }
  .faces { grid-template-columns:1fr 1fr !important } }
@page { size:A4; margin:9mm 11mm }
@media print {
  body { padding:0; max-width:none; font-size:8.1pt; line-height:1.26 } h1 { font-size:16pt }
    h2 { font-size:10pt; margin-top:5px }
  h3 { font-size:10.5pt } .sub, .face ol, footer { font-size:7.6pt } .stop { font-size:11.5pt }
  section + section { break-before:page } td, th { padding-top:.6px; padding-bottom:.6px }
 ol.steps li { margin:2px 0 }
  .device { grid-template-columns:54px 1fr } svg.handheld { width:54px }
  .face ol.long { font-size:6.8pt; padding-left:16px } .faces.small .sub { font-size:6.8pt }
}
"""
