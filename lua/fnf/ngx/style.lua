--- The look of the status page: light and dark, wide and narrow.
-- SPDX-License-Identifier: MIT

return [[
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --ink: #17202b; --soft: #566272; --edge: #d5dae1; --track: #e4e8ed;
  --good: #1a7f4b; --bad: #c0271d; --stopped: #8a5a00; --busy: #1f6feb; --idle: #566272; --active: #9cc2f7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10151b; --card: #19212a; --ink: #e8edf3; --soft: #9aa7b6; --edge: #2c3743; --track: #2a3440;
    --good: #4cc38a; --bad: #ff7b72; --stopped: #e3b341; --busy: #79b8ff; --idle: #9aa7b6; --active: #2b5a94;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1rem; }
h1 { font-size: 1.4rem; margin: .3rem 0 .8rem; }
#link, footer, .place, dt { color: var(--soft); font-size: .875rem; }
#link { margin: 0; }
#runs { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 23rem), 1fr)); }
svg[aria-hidden] { position: absolute; }
article { background: var(--card); border: 1px solid var(--edge); border-left: .35rem solid var(--tone);
  border-radius: .5rem; padding: .8rem 1rem; display: grid; grid-template-columns: 1fr auto; gap: .2rem 1rem;
  align-content: start; --tone: var(--idle); }
article[data-tone=good] { --tone: var(--good); }
article[data-tone=bad] { --tone: var(--bad); }
article[data-tone=stopped] { --tone: var(--stopped); }
article[data-tone=busy] { --tone: var(--busy); }
article p { margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, monospace; }
.state { color: var(--tone); font-weight: 600; white-space: nowrap; }
.place, .bar, dl, .trouble { grid-column: 1 / -1; }
.bar { display: block; margin: .4rem 0; border-radius: 7px; overflow: hidden; }
.track { fill: var(--track); }
.succeed { fill: var(--good); }
.failed { fill: url(#hatch); }
.aborted { fill: var(--stopped); }
.running { fill: var(--active); }
.ground { fill: var(--bad); }
.line { fill: var(--card); }
dl { margin: 0; display: grid; grid-template-columns: 1fr 1fr; gap: .4rem 1rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.trouble { color: var(--bad); font-size: .875rem; }
.trouble:empty { display: none; }
footer { margin-top: 1.2rem; }
a { color: inherit; margin-right: 1rem; }
]]
