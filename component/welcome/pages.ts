import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import type { Channel } from "../sign-up/service.js";
import type { Invited, Progress } from "../sign-up/sign-up.js";
import { html, Html } from "./html.js";
import { qrSvg } from "./qr.js";
import { STYLE } from "./style.js";
import type { Texts } from "./texts.js";
import { durationIn } from "./duration.js";

/** Something that went wrong, as the page tells of it. */
export interface Trouble {
  readonly code: keyof Texts["problems"];
  /** After which trying again may help, in seconds. */
  readonly waitSeconds?: number | undefined;
}

/** What every page is made from. */
export interface Frame {
  readonly texts: Texts;
  readonly trouble?: Trouble | undefined;
}

const PIN_TROUBLES: ReadonlySet<string> = new Set(["pin-required", "pin-wrong", "pin-invalid", "pin-locked"]);

/** Asks for the number. @param nonce tells one sending of the form from another @param value what was typed before */
export function numberPage(
  frame: Frame,
  options: {
    readonly service: string;
    readonly nonce: string;
    readonly isNational: boolean;
    readonly value: string;
  },
): Html {
  const { number: texts } = frame.texts;
  const { trouble } = frame;
  const isWrong = trouble !== undefined && trouble.code !== "session-unknown";
  return page(
    frame,
    texts.title(options.service),
    html`<p class="quiet">${frame.texts.step(1)}</p>
      <p>${texts.introduction}</p>
      <form method="post" action="./" novalidate>
        <input type="hidden" name="nonce" value="${options.nonce}" />
        <label for="number">${texts.label}</label>
        <p class="hint" id="number-hint">${options.isNational ? texts.nationalHint : texts.hint}</p>
        <input
          id="number"
          name="number"
          type="tel"
          autocomplete="tel"
          dir="ltr"
          maxlength="64"
          required
          autofocus
          value="${options.value}"
          ${described("number-hint", isWrong)}
        />
        <button>${texts.submit}</button>
      </form>`,
  );
}

/** Asks for the code. @param sent whether another one has just been sent @param channels how codes can be sent */
export function codePage(
  frame: Frame,
  { number, steps }: Pick<Progress, "number" | "steps">,
  { sent, channels }: { readonly sent: boolean; readonly channels: readonly Channel[] },
): Html {
  const { code: texts } = frame.texts;
  const isPin = PIN_TROUBLES.has(frame.trouble?.code ?? "");
  const isWrong = frame.trouble?.code.startsWith("code-") === true;
  const wait = steps.checkInMs ?? 0;
  return page(
    frame,
    texts.title,
    html`<p class="quiet">${frame.texts.step(2)}</p>
      <p role="status">${sent ? texts.sentAgain : texts.sent(readable(number))}</p>
      ${steps.checksLeft < 5 && html`<p>${texts.triesLeft(steps.checksLeft)}</p>`}
      ${wait > 0 && html`<p>${texts.nextTry(durationIn(frame.texts.language, wait))}</p>`}
      <form method="post" action="code" novalidate>
        <label for="code">${texts.label}</label>
        <p class="hint" id="code-hint">${texts.hint}</p>
        <input
          id="code"
          name="code"
          inputmode="numeric"
          autocomplete="one-time-code"
          maxlength="20"
          required
          autofocus
          ${described("code-hint", isWrong)}
        />
        <details ${isPin && "open"}>
          <summary>${texts.pinSummary}</summary>
          <label for="pin">${texts.pinLabel}</label>
          <input
            id="pin"
            name="pin"
            type="password"
            inputmode="numeric"
            autocomplete="off"
            maxlength="64"
            ${isPin && described("", true)}
          />
        </details>
        <button>${texts.submit}</button>
      </form>
      <h2>${texts.nothingCame}</h2>
      ${again(frame.texts, steps, channels)}
      <p><a href="./">${texts.otherNumber}</a></p>`,
  );
}

function again(texts: Texts, steps: Progress["steps"], channels: readonly Channel[]): Html {
  const offer = (
    channel: Channel,
    inMs: number | undefined,
    label: string,
    later: (wait: string) => string,
  ) => {
    if (!channels.includes(channel) || inMs === undefined) return undefined;
    if (inMs > 0) return html`<p class="quiet">${later(durationIn(texts.language, inMs))}</p>`;
    return html`<form method="post" action="codes">
      <button class="second" name="channel" value="${channel}">${label}</button>
    </form>`;
  };
  const { sendAgain, sendAgainIn, call, callIn, noMoreCodes } = texts.code;
  const offers = [
    offer("sms", steps.smsInMs, sendAgain, sendAgainIn),
    offer("voice", steps.voiceInMs, call, callIn),
  ].filter((one) => one !== undefined);
  return offers.length > 0 ? html`${offers}` : html`<p class="quiet">${noMoreCodes}</p>`;
}

/** Shows the invitation as link and QR code. @param leftMs until it expires */
export function invitationPage(
  frame: Frame,
  {
    account,
    number,
    uri,
    leftMs,
    apps,
  }: Omit<Invited, "expiresAt"> & { readonly leftMs: number; readonly apps: readonly string[] },
): Html {
  const { app: texts } = frame.texts;
  return page(
    frame,
    texts.invitedTitle,
    html`<p class="quiet">${frame.texts.step(3)}</p>
      <p>${texts.belongs(readable(number))}</p>
      ${leftMs > 0 ? invitation(frame.texts, { uri, leftMs }) : expired(texts)}
      <p>${texts.keepAddress} <code>${account}</code></p>
      ${
        apps.length > 0 &&
        html`<h2>${texts.noApp}</h2>
          <p>${texts.noAppText}</p>
          <ul>
            ${apps.map((app) => html`<li>${app}</li>`)}
          </ul>`
      }
      <h2>${texts.noInvitations}</h2>
      <p>${texts.noInvitationsText}</p>
      <form method="post" action="password"><button class="second">${texts.takePassword}</button></form>
      ${leave(texts)}`,
  );
}

function invitation({ app: texts, language }: Texts, { uri, leftMs }: { uri: string; leftMs: number }): Html {
  return html`<p><a class="button" href="${uri}">${texts.open}</a></p>
    <p>${texts.scan}</p>
    ${qrSvg(uri, texts.qrLabel)}
    <label for="link">${texts.link}</label>
    <input id="link" readonly dir="ltr" value="${uri}" />
    <p class="quiet">${texts.validFor(durationIn(language, leftMs))}</p>
    <p>${texts.secret}</p>`;
}

function expired(texts: Texts["app"]): Html {
  return html`<p class="problem">${texts.expired}</p>
    <form method="post" action="invitation"><button>${texts.another}</button></form>`;
}

/** Tells that an app has made the account. */
export function usedPage(frame: Frame, account: string): Html {
  const { app: texts } = frame.texts;
  return page(
    frame,
    texts.usedTitle,
    html`<p role="status">${texts.used(account)}</p>
      ${leave(texts)}`,
  );
}

/** Shows address and password. */
export function passwordPage(frame: Frame, account: string, password: string): Html {
  const { app: texts } = frame.texts;
  return page(
    frame,
    texts.passwordTitle,
    html`<p class="quiet">${frame.texts.step(3)}</p>
      <p>${texts.passwordText}</p>
      <label for="address">${texts.address}</label>
      <input id="address" readonly dir="ltr" autocomplete="username" value="${account}" />
      <label for="password">${texts.password}</label>
      <input id="password" readonly dir="ltr" autocomplete="new-password" value="${password}" />
      <p class="quiet">${texts.writeDown}</p>
      ${leave(texts)}`,
  );
}

/** Tells that something went wrong, where nothing else can be shown. */
export function troublePage(frame: Frame): Html {
  return page(frame, frame.texts.error, html`<p><a href="./">${frame.texts.code.otherNumber}</a></p>`);
}

function leave(texts: Texts["app"]): Html {
  return html`<form method="post" action="leave">
    <button class="second">${texts.leave}</button>
    <p class="hint">${texts.leaveText}</p>
  </form>`;
}

// What is wrong is read out with the field that has the focus, and as an alert besides
function described(hint: string, isWrong: boolean): Html {
  const ids = [isWrong ? "problem" : "", hint].filter(Boolean).join(" ");
  return html`aria-describedby="${ids}" ${isWrong && new Html('aria-invalid="true"')}`;
}

function page(frame: Frame, title: string, content: Html): Html {
  const { texts, trouble } = frame;
  return html`<!doctype html>
    <html lang="${texts.language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${trouble ? `${texts.error}: ${title}` : title}</title>
        ${new Html(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${trouble && alert(texts, trouble)} ${content}
        </main>
      </body>
    </html>`;
}

function alert(texts: Texts, { code, waitSeconds = 0 }: Trouble): Html {
  const wait = waitSeconds > 0 && ` ${texts.tryAgainIn(durationIn(texts.language, waitSeconds * 1000))}`;
  return html`<p class="problem" id="problem" role="alert" aria-live="assertive">
    ${texts.problems[code]}${wait}
  </p>`;
}

function readable(number: string): string {
  return parsePhoneNumberFromString(number)?.formatInternational() ?? number;
}
