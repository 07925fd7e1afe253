import { createHash } from "node:crypto";

/** The page's look: the device's own font and colours, light or dark as the device is. */
export const STYLE = `
:root { color-scheme: light dark; --line: #767676; --quiet: #595959; --bad: #b00020; --accent: #0b57d0; --on-accent: #fff; --back: #fff; --text: #1b1b1b }
@media (prefers-color-scheme: dark) {
  :root { --line: #8c8c8c; --quiet: #b3b3b3; --bad: #ffb4ab; --accent: #a8c7fa; --on-accent: #062e6f; --back: #131314; --text: #e8e8e8 }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--text); font: 1.0625rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 32rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
h1 { font-size: 1.625rem; line-height: 1.2; margin: 0 0 1rem }
h2 { font-size: 1.125rem; margin: 2rem 0 .25rem }
p { margin: .5rem 0 }
.quiet, .hint { color: var(--quiet); font-size: .9375rem }
.problem { color: var(--bad); font-weight: 600; border: 2px solid; border-radius: .5rem; padding: .5rem .75rem; margin: 0 0 1rem }
label { display: block; font-weight: 600; margin: 1rem 0 0 }
input { display: block; width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .5rem }
input[aria-invalid="true"] { border: 2px solid var(--bad) }
input[readonly] { font-family: ui-monospace, monospace; font-size: .9375rem }
button, .button { display: block; width: 100%; min-height: 2.75rem; margin: 1rem 0 0; padding: .5rem 1rem; font: inherit; font-weight: 600; text-align: center; text-decoration: none; color: var(--on-accent); background: var(--accent); border: 2px solid transparent; border-radius: .5rem; cursor: pointer }
button.second { color: var(--accent); background: transparent; border-color: var(--accent) }
a { color: var(--accent) }
a.button { color: var(--on-accent) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px }
code { font: 1.0625rem ui-monospace, monospace; user-select: all }
summary { min-height: 2.75rem; padding: .625rem 0; cursor: pointer }
.qr { display: block; width: 100%; max-width: 18rem; margin: 1rem auto; border-radius: .5rem }
`;

/** What the header `Content-Security-Policy` calls {@link STYLE}: nothing else is loaded or run. Source: CSP 3 §2.3.1. */
export const STYLE_HASH = `'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`;
